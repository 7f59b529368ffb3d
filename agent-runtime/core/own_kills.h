// SPDX-License-Identifier: Apache-2.0

// The kills that cover this instance, until a hello ends each, and the ended ones.
//
// A kill is known by op id and scope, as in control and the bridges: one op id may come with two
// scopes, and a resume lifts the kill of its own scope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "agent-runtime/core/obedience_types.h"
#include "schemas/holds.h"

namespace estop::agent {

struct OwnKill : schemas::Hold {
  std::uint32_t grace_ms = 0;
  BootTime seen_at{};
  std::uint64_t hello_at_sight = 0;
  std::uint64_t incarnation_at_sight = 0;
  bool verified = false;
  bool overdue_told = false;
  bool receipt_sent = false;
};

// The state when a kill is seen.
struct Sight {
  BootTime at{};
  std::uint64_t hello = 0;        // number of the newest sent
  std::uint64_t incarnation = 0;  // the highest that control named
};

class OwnKills {
 public:
  explicit OwnKills(std::size_t lifted_max) : lifted_max_(lifted_max) {}

  // nullptr: none of this op id and scope.
  [[nodiscard]] OwnKill* find(const std::string& op_id, const schemas::Scope& scope);
  // A record that covers us, not verified, not known, not lifted.
  void see(const schemas::Record& kill, const Sight& sight);
  void forged(const schemas::Record& order);  // forgets it, unless it was verified
  // As control lists them.
  void adopt(const std::vector<schemas::Latch>& latches, const Sight& sight);
  void resume(const schemas::Resume& resume);  // of a scope that covers us; ends none yet
  // The only way out of a kill. True: a kill that the answer does not list cannot be lifted by this
  // hello, because the hello was sent before the kill was seen. Send another hello.
  [[nodiscard]] bool lift(const HelloAnswered& event);

  [[nodiscard]] bool is_empty() const noexcept { return kills_.empty(); }
  [[nodiscard]] bool was_lifted(const std::string& op_id, const schemas::Scope& scope) const;
  // Whether this answer to a beat of that time shows that one kill was resumed.
  [[nodiscard]] bool one_is_over(const schemas::BeatReply& reply, BootTime asked_at) const;
  [[nodiscard]] const OwnKill* first_seen(bool verified_only) const;  // nullptr: none
  [[nodiscard]] std::map<std::string, OwnKill>& all() noexcept { return kills_; }
  [[nodiscard]] const std::map<std::string, OwnKill>& all() const noexcept { return kills_; }

 private:
  [[nodiscard]] static std::string key_of(const std::string& op_id, const schemas::Scope& scope);
  void remember_lifted(const std::string& op_id, const schemas::Scope& scope);

  const std::size_t lifted_max_;
  std::map<std::string, OwnKill> kills_;
  std::deque<std::string> lifted_;  // as the keys of kills_
};

}  // namespace estop::agent
