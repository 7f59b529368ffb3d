// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/turn.h"

#include <fmt/format.h>

#include <utility>

namespace estop::bridge {

void Turn::note(Note::Level level, std::string text) {
  out.emplace_back(Note{level, std::move(text)});
}

void Turn::alarm(std::string text) {
  ++counters.alarms;
  note(Note::Level::kAlarm, std::move(text));
}

void Turn::reject_frame(std::string_view what, const schemas::Error& error) {
  ++counters.bad_frames;
  alarm(fmt::format("{} was refused: {}", what, to_string(error)));
}

}  // namespace estop::bridge
