// SPDX-License-Identifier: Apache-2.0

// Who is connected at the broker, and which credential is used by more than it was issued to (H13).
//
// All instances of an agent use one credential, so each connection of an agent needs an instance
// that announced itself and lives. A bridge's and control's credentials are for one process: one
// connection each, and two of control where it keeps two apart (BrokerLinks). Operators and viewers
// may connect as often as they like; they are not kept. More than that for as long as the grace is
// an alarm, one until it is over. The grace covers who has not announced itself yet, and a
// connection that broke and that the broker has not given up yet: it must be longer than the
// broker's patience.
//
// By option an agent's credential with many such connections is withdrawn: they would take the
// places of others. Only an agent's, never a bridge's, control's or an operator's; only the one
// credential that holds them; and not for few: whoever has a copy could have its owner cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/core/events.h"

namespace estop::control {

// Beyond it new connections are not looked at: a broker with its default settings takes as many.
inline constexpr std::size_t kClientsMax = 65'536;
// Longer than estop's own broker keeps a broken connection: 30 s.
inline constexpr std::uint32_t kSharingGrace_ms = 40'000;

struct SharedCredential {
  std::string whose;  // `acme/prod/mailer`, `bridge-b1`
  std::size_t connections = 0;
  std::size_t reasons = 0;
  std::vector<std::string> clients;  // what they call themselves

  [[nodiscard]] std::string sentence() const;
};

// One credential of an agent, and what it holds beyond the instances of its address.
struct SilentCredential {
  schemas::Address agent;
  std::string user;  // its key
  std::size_t connections = 0;
  std::size_t announced = 0;

  [[nodiscard]] std::string sentence() const;
};

class Clients {
 public:
  // `silent_max`: see silent(); 0: none is.
  explicit Clients(std::uint64_t grace_us, std::size_t silent_max = 0)
      : grace_us_(grace_us), silent_max_(silent_max) {}

  void on(const ClientsHeard& heard);
  // How many living instances of an address announced themselves.
  using Announced = std::function<std::size_t(const schemas::Address&)>;
  // Credentials that have been shared for longer than the grace and were not reported yet.
  std::vector<SharedCredential> shared(const Announced& announced, std::uint64_t now_us);
  // One that has held `silent_max` connections or more beyond the announced instances for longer
  // than the grace: the one with the most. It is named again only after another grace.
  std::optional<SilentCredential> silent(const Announced& announced, std::uint64_t now_us);
  // Nobody knows just now who announced itself: every grace begins once more.
  void start_anew();

 private:
  struct Client {
    std::string calls_itself;
    std::string user;  // the key of its credential
  };
  struct User {
    std::string whose;
    schemas::Address agent;                 // empty: not an agent's
    std::size_t due = 1;                    // connections, of who is no agent
    std::map<std::string, Client> clients;  // by id
    std::uint64_t since_us = 0;             // since when too many; 0: they are not
    bool is_told = false;
    std::uint64_t crowded_since_us = 0;  // since when `silent_max_` too many; 0: they are not
    std::uint64_t again_us = 0;          // not named as silent before
  };
  [[nodiscard]] std::optional<SilentCredential> largest(const User& user,
                                                        std::size_t announced) const;
  void came(const BrokerClient& client);
  void gone(const std::string& id);

  std::uint64_t grace_us_;
  std::size_t silent_max_;
  std::map<std::string, std::string> user_of_;  // by id: key of `users_`
  std::map<std::string, User> users_;           // agents by address, others by key
};

}  // namespace estop::control
