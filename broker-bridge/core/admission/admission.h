// SPDX-License-Identifier: Apache-2.0

// Which intents pass: checks in a fixed order; the first check that objects refuses the intent.
// This is the hot path: an intent that passes costs no allocation.
//
// Contact with control decides whether the bridge passes any intent at all (contact.h). So another
// door, with another data plane, can admit by the same rules. Pure, not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "broker-bridge/core/admission/asked.h"
#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/effects.h"
#include "schemas/subjects.h"

namespace estop::bridge {

class Admission {
 public:
  Admission(schemas::Subjects subjects, const GateOptions& gate)
      : subjects_(std::move(subjects)), gate_(gate), asked_(gate.hash_seed) {}

  // Outcomes are valid until the next call. If the action is kForward: publish at once and, if that
  // worked, call `forwarded`, otherwise `not_forwarded` with the same intent, and publish that
  // refusal.
  [[nodiscard]] const IntentOutcome& decide(std::string_view subject, std::string_view data,
                                            Nanos now);
  void forwarded();
  [[nodiscard]] const IntentOutcome& not_forwarded(std::string_view subject, std::string_view data,
                                                   bool is_connected);
  // While nothing passes: `why` completes "the bridge is closed: …".
  [[nodiscard]] const IntentOutcome& closed(std::string_view subject, std::string_view data,
                                            std::string_view why);

  [[nodiscard]] Gate& gate() noexcept { return gate_; }
  [[nodiscard]] const Gate& gate() const noexcept { return gate_; }
  [[nodiscard]] const IntentCounters& counters() const noexcept { return counters_; }

 private:
  const IntentOutcome& ignore();
  const IntentOutcome& refuse(const schemas::IntentSubject& parts, std::string_view id,
                              schemas::Errc code, std::string text);

  schemas::Subjects subjects_;
  Gate gate_;
  Asked asked_;
  IntentCounters counters_;
  Asked::Request request_;  // of the outcome, if that is one
  IntentOutcome outcome_;
  Verdict verdict_;
};

}  // namespace estop::bridge
