// SPDX-License-Identifier: Apache-2.0

// One event being handled: its instant, and what is to be done about it.
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
  // What a person has to look at.
  void alarm(std::string text);
  // What control did not sign says nothing, whatever is wrong with it. A record that was lost so
  // shows as a gap.
  void reject_frame(std::string_view what, const schemas::Error& error);

  const Nanos now;
  ContactCounters& counters;
  Effects& out;
};

}  // namespace estop::bridge
