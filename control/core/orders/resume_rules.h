// SPDX-License-Identifier: Apache-2.0

// The kills that a resume lifts, and whether it is allowed. Nothing changes here.
#pragma once

#include "control/core/agents/registry.h"
#include "control/core/bridges/bridges.h"
#include "control/core/log/ledger.h"
#include "control/core/orders/command.h"

namespace estop::control {

class ResumeRules {
 public:
  // All outlive it.
  ResumeRules(const Ledger& ledger, const Bridges& bridges, const Registry& registry)
      : ledger_(ledger), bridges_(bridges), registry_(registry) {}

  // A resume has to be safe against any loss before it opens anything.
  [[nodiscard]] schemas::Result<void> may_resume() const;
  // The kills that it names, those through its place, or every kill of exactly its scope.
  [[nodiscard]] schemas::Result<schemas::Resume> lifted_by(const ResumeCommand& resume,
                                                           bool is_signed) const;
  [[nodiscard]] schemas::Result<void> can_lift(const schemas::Resume& resume) const;

 private:
  [[nodiscard]] schemas::Error nothing_to_lift(const schemas::Scope& scope) const;

  const Ledger& ledger_;
  const Bridges& bridges_;
  const Registry& registry_;
};

}  // namespace estop::control
