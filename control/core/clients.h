// Who is connected at the broker, and which credential is used by more than it was issued to (H13).
//
// All instances of an agent use one credential, so each connection of an agent needs an instance
// that announced itself and lives. A bridge's and control's credentials are for one process: one
// connection each, and two of control where it keeps two apart (BrokerLinks). Operators and viewers
// may connect as often as they like; they are not kept. More than that for as long as the grace is
// an alarm, one until it is over. The grace covers who has not announced itself yet, and a
// connection that broke and that the broker has not given up yet: it must be longer than the
// broker's patience.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/core/events.h"

namespace estop::control {

// Beyond it new connections are not looked at: a broker with its default settings takes as many.
inline constexpr std::size_t kClientsMax = 65'536;
inline constexpr std::uint32_t kSharingGrace_ms =
    40'000;  // estop's own broker has 30 s of patience

struct SharedCredential {
  std::string whose;  // `acme/prod/mailer`, `bridge-b1`
  std::size_t connections = 0;
  std::size_t reasons = 0;
  std::vector<std::string> clients;  // what they call themselves

  [[nodiscard]] std::string sentence() const;
};

class Clients {
 public:
  explicit Clients(std::uint64_t grace_us) : grace_us_(grace_us) {}

  void on(const ClientsHeard& heard);
  // How many living instances of an address announced themselves.
  using Announced = std::function<std::size_t(const schemas::Address&)>;
  // What is shared, for longer than the grace, and was not told.
  std::vector<SharedCredential> shared(const Announced& announced, std::uint64_t now_us);
  // Nobody knows just now who announced itself: every grace begins once more.
  void start_anew();

 private:
  struct User {
    std::string whose;
    schemas::Address agent;                      // empty: not an agent's
    std::size_t due = 1;                         // connections, of who is no agent
    std::map<std::string, std::string> clients;  // by id: what they call themselves
    std::uint64_t since_us = 0;                  // since when too many; 0: they are not
    bool is_told = false;
  };
  void came(const BrokerClient& client);
  void gone(const std::string& id);

  std::uint64_t grace_us_;
  std::map<std::string, std::string> user_of_;  // by id: key of `users_`
  std::map<std::string, User> users_;           // agents by address, others by key
};

}  // namespace estop::control
