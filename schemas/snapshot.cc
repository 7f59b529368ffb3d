// SPDX-License-Identifier: Apache-2.0
#include "schemas/snapshot.h"

#include <fmt/format.h>

#include <utility>

namespace estop::schemas {

bool begins_snapshot(const Record& record) {
  const auto* part = std::get_if<SnapshotPart>(&record.body);
  return part != nullptr && part->index == 0 && part->place_seq + 1 == record.seq;
}

Head place_before(const Record& part) {
  return {part.epoch, part.seq - 1, part.prev};
}

SnapshotStart::SnapshotStart(const SignedRecord& first) : place_(place_before(first.record)) {
  parts_.push_back(std::get<SnapshotPart>(first.record.body).entries);
}

Result<void> SnapshotStart::take(const SignedRecord& record) {
  const auto no = [&](std::string_view why) {
    return fail(Errc::kChainBroken, fmt::format("the snapshot of {}:{} cannot be used: {}",
                                                place_.epoch, place_.seq, why));
  };
  if (const auto* part = std::get_if<SnapshotPart>(&record.record.body)) {
    const bool is_next = part->place_seq == place_.seq && part->index == parts_.size();
    if (!is_next) return no("its parts do not follow each other");
    parts_.push_back(part->entries);
    return {};
  }
  const auto* snapshot = std::get_if<Snapshot>(&record.record.body);
  if (snapshot == nullptr) {
    between_.push_back(record);
    return {};
  }
  const bool is_this = snapshot->place == place_ && snapshot->parts == parts_.size() &&
                       snapshot->digest == digest_of_parts(parts_);
  if (!is_this) return no("its parts are not those that it was signed for");
  auto state = LogState::from(parts_);
  if (!state) return no(state.error().detail);
  state_ = std::move(*state);
  is_whole_ = true;
  return {};
}

}  // namespace estop::schemas
