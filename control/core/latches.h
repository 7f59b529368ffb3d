// SPDX-License-Identifier: Apache-2.0

// The kills that hold and the lives that they ended, by scope: what the control log adds up to.
//
// Scopes are kept as they were ordered and looked up at the moment of a question, so that a kill
// also covers who is born later. A question about one instance looks at its five scopes (fleet,
// org, workspace, agent, instance).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/messages.h"

namespace estop::control {

struct HeldKill {
  schemas::Latch latch;
  std::uint32_t grace_ms = 0;
  std::uint64_t since_us = 0;  // when this control first saw it, CLOCK_BOOTTIME
  schemas::Bytes frame;        // as signed, to be published again
  // The op id that its operator gave it, if that named another order already: bridges may hold it
  // under that one too.
  std::string given_as{};
};

class Latches {
 public:
  // A kill on first sight, in any order; one whose op id is held already only takes the new seq and
  // frame.
  void kill(const schemas::SignedRecord& kill, std::uint64_t now_us);
  // A resume in its place in the log: lifts what it names and raises the incarnation.
  void resume(const schemas::Record& record);

  [[nodiscard]] const HeldKill* find(std::string_view op_id) const;
  // Every kill that covers the instance, narrowest scope first; an empty instance asks for the
  // whole address.
  // Pointers are good until the latches change; so are references below.
  [[nodiscard]] std::vector<const HeldKill*> covering(const schemas::Address& address,
                                                      std::string_view instance,
                                                      std::size_t max = SIZE_MAX) const;
  // The first of them; nullptr: it is not killed.
  [[nodiscard]] const HeldKill* narrowest(const schemas::Address& address,
                                          std::string_view instance) const;
  // Every kill of exactly this scope, oldest first.
  [[nodiscard]] const std::vector<HeldKill>& exactly(const schemas::Scope& scope) const;
  // Every kill of a wider scope that covers this one.
  [[nodiscard]] std::vector<const HeldKill*> wider_than(const schemas::Scope& scope) const;
  [[nodiscard]] std::vector<const HeldKill*> all() const;
  // The newest life that a resume gave to the instance; 0 before the first.
  [[nodiscard]] std::uint64_t incarnation(const schemas::Address& address,
                                          std::string_view instance) const;
  [[nodiscard]] std::uint64_t newest_incarnation() const { return newest_; }
  [[nodiscard]] std::size_t size() const { return by_op_.size(); }

 private:
  std::map<std::string, std::vector<HeldKill>, std::less<>> by_scope_;  // key: Scope::tokens()
  std::unordered_map<std::string, std::string> by_op_;                  // op id → scope tokens
  std::unordered_map<std::string, std::uint64_t> incarnations_;         // key: Scope::tokens()
  std::uint64_t newest_ = 0;
};

}  // namespace estop::control
