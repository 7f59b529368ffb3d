// SPDX-License-Identifier: Apache-2.0

// The kills that hold and the lives that they ended, by scope: what the control log adds up to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/holds.h"

namespace estop::control {

struct HeldKill : schemas::Hold {
  std::uint32_t grace_ms = 0;
  std::uint64_t since_us = 0;  // when this control first saw it, CLOCK_BOOTTIME
  schemas::Bytes frame{};      // as signed, to be published again
};

class Latches {
 public:
  using Kills = std::vector<const HeldKill*>;  // good until the latches change

  // A kill on first sight, in any order; one whose op id is held already only takes the new place
  // and frame. Here an op id has one scope (op_table.h).
  void kill(const schemas::SignedRecord& kill, std::uint64_t now_us);
  // A resume in its place in the log: lifts what it names and raises the incarnation.
  void resume(const schemas::Resume& resume);
  // At start: what a snapshot says of this scope.
  void begin(const schemas::Scope& scope, std::uint64_t life) {
    incarnations_[scope.tokens()] = life;
  }

  [[nodiscard]] const HeldKill* find(std::string_view op_id) const { return kills_.find(op_id); }
  // Every kill that covers the instance, narrowest scope first; an empty instance asks for the
  // whole address.
  [[nodiscard]] Kills covering(const schemas::Address& address, std::string_view instance,
                               std::size_t max = SIZE_MAX) const;
  // The first of them; nullptr: it is not killed.
  [[nodiscard]] const HeldKill* narrowest(const schemas::Address& address,
                                          std::string_view instance) const;
  // Of exactly this scope, and of every wider one that covers it.
  [[nodiscard]] Kills exactly(const schemas::Scope& scope) const { return kills_.exactly(scope); }
  [[nodiscard]] Kills wider_than(const schemas::Scope& scope) const {
    return kills_.wider_than(scope);
  }
  // Of exactly this scope, at or before a place in the log.
  [[nodiscard]] Kills through_place(const schemas::Scope& scope, const schemas::Head& place) const {
    return kills_.through_place(scope, place);
  }
  // What a resume lifts of what holds now.
  [[nodiscard]] Kills lifted_by(const schemas::Resume& resume) const {
    return kills_.lifted_by(resume);
  }
  [[nodiscard]] Kills all() const { return kills_.all(); }
  // The newest life that a resume gave to the instance; 0 before the first.
  [[nodiscard]] std::uint64_t incarnation(const schemas::Address& address,
                                          std::string_view instance) const;
  // The newest one that a resume of exactly this scope gave.
  [[nodiscard]] std::uint64_t life(const schemas::Scope& scope) const;
  [[nodiscard]] std::size_t size() const { return kills_.size(); }

 private:
  schemas::HoldIndex<HeldKill> kills_;
  std::unordered_map<std::string, std::uint64_t> incarnations_;  // key: Scope::tokens()
};

}  // namespace estop::control
