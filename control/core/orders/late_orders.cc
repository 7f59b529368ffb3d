// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/late_orders.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/printable.h"

namespace estop::control {

namespace {

constexpr std::uint64_t kEndAgain_us = 10'000'000;
constexpr std::size_t kEndingMax = 64;

std::string key_of(const schemas::Record& kill) {
  return kill.op_id + ' ' + kill.scope().text();
}

}  // namespace

bool LateOrders::may_end(const schemas::Record& kill, const Turn& turn) {
  std::erase_if(ended_us_,
                [&](const auto& one) { return turn.now.boot_us >= one.second + kEndAgain_us; });
  const bool can_write =
      ledger_.is_leading() && !ledger_.is_full() && bridges_.all_read(schemas::RecordKind::kResume);
  return can_write && ended_us_.size() < kEndingMax && !ended_us_.contains(key_of(kill));
}

// No new life: what runs since the first resume goes on.
void LateOrders::end(const schemas::Record& kill, const OpState* known, Turn& turn) {
  ended_us_.emplace(key_of(kill), turn.now.boot_us);
  schemas::Resume resume{.scope = kill.scope(), .lifts = {kill.op_id}};
  resume.incarnation = ledger_.latches().life(kill.scope());
  schemas::Record draft = draft_of(
      std::move(resume), fmt::format("end-{}-{}", ledger_.term(), ++ended_), std::string(kControl));
  draft.reason = fmt::format("order {} came again, which was lifted", kill.op_id);
  if (known != nullptr && !known->lifted_by.empty()) {
    draft.reason +=
        fmt::format(" by resume {} at {}", known->lifted_by, schemas::utc_text(known->lifted_ms));
  }
  flow_.resume(std::move(draft), turn);
}

}  // namespace estop::control
