// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "schemas/seeded_bug.h"

namespace estop::bridge {

using schemas::Errc;

std::string utc_text(std::uint64_t since_1970_ms) {
  const auto seconds = std::chrono::seconds(static_cast<std::int64_t>(since_1970_ms / 1000));
  const std::chrono::sys_seconds at(seconds);
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string header_safe(std::string_view text) {
  std::string safe(text);
  std::replace_if(
      safe.begin(), safe.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return safe;
}

std::string explain(const Verdict& verdict, std::uint64_t intent_incarnation) {
  if (verdict.cause != nullptr && !ESTOP_SEEDED_BUG(kRefusalNamesNoKill)) {
    const schemas::Latch& kill = verdict.cause->latch;
    return header_safe(fmt::format("{} killed by {} since {}: {} (op {})", kill.scope.text(),
                                   kill.actor, utc_text(kill.since_ms), kill.reason, kill.op_id));
  }
  if (verdict.code == Errc::kOldIncarnation) {
    return fmt::format("incarnation {} ended, announce anew: {} is the one since the last resume",
                       intent_incarnation, verdict.incarnation);
  }
  if (verdict.code == Errc::kNoContact) {
    return fmt::format("this bridge knows incarnation {} and not yet {}: retry",
                       verdict.incarnation, intent_incarnation);
  }
  return std::string(schemas::sentence(verdict.code));
}

}  // namespace estop::bridge
