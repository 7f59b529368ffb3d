// SPDX-License-Identifier: Apache-2.0

// Sentences for people that stand in answers, refusals and alarms alike.
#pragma once

#include <string>

#include "schemas/messages.h"

namespace estop::control {

// "acme/prod/x killed by alice since 2025-11-22T00:15:00Z (op …): broken link"
[[nodiscard]] std::string kill_sentence(const schemas::Latch& latch);
// Says that the stream takes no records, the cause (in the broker's words, if there are any), and
// what to do.
[[nodiscard]] std::string stream_sentence(const std::string& problem);

}  // namespace estop::control
