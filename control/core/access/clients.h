// SPDX-License-Identifier: Apache-2.0

// The clients that are connected at the broker, and the credentials that more clients use than they
// were issued to (H13).
//
// All instances of an agent use one credential, so each connection of an agent needs a living
// instance that announced itself. A bridge's and control's credentials are for one process: one
// connection each, and two of control where it keeps two apart (BrokerLinks). Operators and viewers
// may connect as often as they like; they are not kept. More connections than that for as long as
// the grace are an alarm, one until it is over. The grace covers a client that has not announced
// itself yet, and a broken connection that the broker has not given up yet: it must be longer than
// the broker keeps a broken connection.
//
// By option control withdraws an agent's credential with many such connections, because they would
// take the places of others. It withdraws only the one credential that holds them, and never one of
// a bridge, of control or of an operator. Few connections are no reason: with a copy of a
// credential one could have its owner cut off.
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

// Beyond it control does not watch new connections: a broker with its default settings takes as
// many.
inline constexpr std::size_t kClientsMax = 65'536;
// Longer than estop's own broker keeps a broken connection: 30 s.
inline constexpr std::uint32_t kSharingGrace_ms = 40'000;

struct SharedCredential {
  std::string whose;  // `acme/prod/mailer`, `bridge-b1`
  std::size_t connections = 0;
  std::size_t reasons = 0;
  std::vector<std::string> clients;  // the names that they give themselves

  [[nodiscard]] std::string sentence() const;
};

// One credential of an agent, and its connections beyond the instances of its address.
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
  // The credential with the most connections among those that have held `silent_max` connections or
  // more beyond the announced instances for longer than the grace. It is named again only after
  // another grace.
  std::optional<SilentCredential> silent(const Announced& announced, std::uint64_t now_us);
  // Control does not know at present which instances announced themselves: every grace begins once
  // more.
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
