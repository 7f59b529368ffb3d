// SPDX-License-Identifier: Apache-2.0
#include "control/core/log/snapshots.h"

#include <fmt/format.h>

#include <utility>

namespace estop::control {

void Snapshots::entered(const schemas::SignedRecord& record) {
  state_.apply(record);
  if (record.record.is<schemas::Snapshot>()) newest_ = record.record.seq;
}

void Snapshots::applied(const schemas::Record& record) {
  const auto* snapshot = std::get_if<schemas::Snapshot>(&record.body);
  if (snapshot == nullptr) return;
  before_ = std::exchange(begins_, snapshot->place.seq + 1);
  ends_ = record.seq;
}

bool Snapshots::is_due(const schemas::Head& head) const {
  return under_way_ || head.seq >= newest_ + every_;
}

std::string Snapshots::difference(const Latches& latches, const JoinedBridges& joined) const {
  for (const HeldKill* held : latches.all()) {
    const auto kills = state_.kills().find(held->latch.scope.text());
    const bool is_there =
        kills != state_.kills().end() && kills->second.contains({held->epoch, held->latch.seq});
    if (is_there) continue;
    return fmt::format("the kill {} of {} holds, and the log does not say so", held->latch.op_id,
                       held->latch.scope.text());
  }
  if (latches.size() != state_.size()) {
    return fmt::format("{} kills hold, and by the log {} should", latches.size(), state_.size());
  }
  for (const auto& [scope, incarnation] : state_.lives()) {
    if (latches.life(*schemas::Scope::parse(scope)) == incarnation) continue;
    return fmt::format("the incarnation of {} is not {}, as the log says", scope, incarnation);
  }
  for (const auto& [name, bridge] : state_.joined()) {
    const auto known = joined.find({name.first, name.second});
    if (known != joined.end() && known->second == key_of(bridge)) continue;
    return fmt::format("bridge {} (process {}) joined, as the log says", name.first, name.second);
  }
  if (joined.size() != state_.joined().size()) {
    return "more bridges count as joined than the log says";
  }
  const auto parts = state_.parts();
  const auto read = schemas::LogState::from(parts);
  if (!read) return "it could not be read: " + to_string(read.error());
  return read->parts() == parts ? std::string() : "it would be read as another one";
}

schemas::Record Snapshots::next(const schemas::Head& head) {
  if (!under_way_) {
    const auto parts = state_.parts();
    under_way_ = {head, parts, schemas::digest_of_parts(parts), 0};
  }
  const schemas::Head place = under_way_->place;
  const std::size_t index = under_way_->written++;
  if (index < under_way_->parts.size()) {
    return draft_of(schemas::SnapshotPart{place.seq, index, std::move(under_way_->parts[index])},
                    fmt::format("snapshot-{}-{}", place.seq, index), std::string(kControl));
  }
  const schemas::Snapshot body{place, under_way_->parts.size(), under_way_->digest};
  under_way_.reset();
  return draft_of(body, fmt::format("snapshot-{}", place.seq), std::string(kControl));
}

}  // namespace estop::control
