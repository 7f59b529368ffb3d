// SPDX-License-Identifier: Apache-2.0

// A whole Estop to attack: the real broker, estop-control and estop-bridge, credentials as Estop
// makes them, ears with full rights in every account, and the state that no attack may change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/attack/agent.h"
#include "tests/integration/auth/auth_broker.h"
#include "tests/integration/control/site.h"

namespace estop::testing {

// A credential: whose, and in which account.
struct Seat {
  control::Role role;
  control::Account account;
};
[[nodiscard]] std::string name_of(const Seat& seat);
[[nodiscard]] control::Permissions lists_of(const Seat& seat);
// Of everybody who may turn hostile: mallory, operators, viewer, bridge. Control itself is trusted.
[[nodiscard]] std::vector<Seat> hostile_seats();

// One who hears all that is said in an account, and may say everything there. Estop makes no such
// user: it is the ear of the test, and the thief of a credential that has too many rights.
class Canary {
 public:
  explicit Canary(RawNats client) : client_(std::move(client)) {}
  // Subjects heard since the last call that are not under one of `expected`.
  [[nodiscard]] std::vector<std::string> unexpected(const std::vector<std::string>& expected);
  [[nodiscard]] std::vector<RawMessage> heard() { return client_.sync().messages; }
  [[nodiscard]] RawNats& socket() { return client_; }

 private:
  RawNats client_;
};

class Scene {
 public:
  Scene();  // control leads and the bridge is open; throws with their logs

  [[nodiscard]] std::string creds(const Seat& seat) const;
  [[nodiscard]] RawNats enter(const Seat& seat) const;
  [[nodiscard]] RawAgent agent(const control::Role& role, const std::string& instance) const;
  [[nodiscard]] Canary canary(control::Account account) const;

  // The stream CONTROL (settings, messages, sequences, consumers, hash of all records), the
  // broker's accounts and the kills in force, as one text.
  [[nodiscard]] std::string state();
  // Empty if the daemons run and an intent of mailer passes, is refused under a kill, and passes
  // after the resume; else what does not work. It adds a kill and a resume to the log.
  [[nodiscard]] std::string what_is_broken();

  Site site;

 private:
  [[nodiscard]] std::string ask(RawNats& client, const std::string& subject,
                                const std::string& body);

  std::size_t asked_ = 0;
};

// What is said in an account while nobody attacks.
[[nodiscard]] std::vector<std::string> usual_in(control::Account account);
[[nodiscard]] std::vector<std::string> operator+(std::vector<std::string> some,
                                                 const std::vector<std::string>& more);

}  // namespace estop::testing
