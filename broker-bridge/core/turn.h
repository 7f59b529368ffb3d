// SPDX-License-Identifier: Apache-2.0

// One event that is being handled: its instant, and its effects.
//
// The modules of the core write into it in the order in which the shell has to act. It lives for
// one call of BridgeCore and is not kept.
#pragma once

#include <string>
#include <string_view>

#include "broker-bridge/core/effects.h"
#include "schemas/result.h"

namespace estop::bridge {

class Turn {
 public:
  // Both outlive it.
  Turn(Nanos instant, ContactCounters& counted, Effects& effects)
      : now(instant), counters(counted), out(effects) {}

  void note(Note::Level level, std::string text);
  // Something that a person has to look at.
  void alarm(std::string text);
  // A frame without control's signature has no meaning, whatever its defect is. A record that was
  // lost in this way shows as a gap.
  void reject_frame(std::string_view what, const schemas::Error& error);

  const Nanos now;
  ContactCounters& counters;
  Effects& out;
};

}  // namespace estop::bridge
