// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/admission/refusal.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/printable.h"

namespace estop::bridge {

using schemas::Errc;

std::string header_safe(std::string_view text) {
  std::string safe(text);
  std::replace_if(
      safe.begin(), safe.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return safe;
}

std::string explain(const Verdict& verdict, std::uint64_t intent_incarnation) {
  if (verdict.cause != nullptr) {
    const schemas::Latch& kill = verdict.cause->latch;
    return header_safe(fmt::format("{} killed by {} since {}: {} (op {})", kill.scope.text(),
                                   kill.actor, schemas::utc_text(kill.since_ms), kill.reason,
                                   kill.op_id));
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
