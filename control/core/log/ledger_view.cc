// SPDX-License-Identifier: Apache-2.0

// What the ledger says of the log, and changes nothing.
#include <algorithm>

#include "control/core/log/ledger.h"

namespace estop::control {

using schemas::Record;
using schemas::RecordKind;
using schemas::SignedRecord;

schemas::Head Ledger::head() const {
  if (applied_seq_ == 0) return {};
  return {epoch_, applied_seq_, hashes_[applied_seq_]};
}

std::size_t Ledger::uncommitted() const {
  const auto waiting = std::count_if(pending_.begin(), pending_.end(),
                                     [](const LogEntry& entry) { return !entry.committed; });
  return unnumbered_.size() + static_cast<std::size_t>(waiting);
}

bool Ledger::contains(const schemas::Head& place) const {
  if (place.seq == 0) return true;
  return place.epoch == epoch_ && place.seq <= applied_seq_ && hashes_.has(place.seq) &&
         hashes_[place.seq] == place.hash;
}

bool Ledger::is_before_start(const schemas::Head& place) const {
  return place.seq != 0 && place.epoch == epoch_ && place.seq < hashes_.first();
}

Ledger::Uncommitted Ledger::kills_beyond_head() const {
  Uncommitted found;
  auto& parts = found.parts;
  std::size_t bytes = 0;
  const auto take = [&](const LogEntry& entry) {
    if (!entry.is_kill()) return;
    bytes += entry.record.frame.size();
    if (bytes > kLeaseKillsMax_bytes) {
      parts.emplace_back();
      bytes = entry.record.frame.size();
    }
    parts.back().push_back(entry.record.frame);
    found.hashes.push_back(entry.record.hash);
  };
  std::for_each(unnumbered_.begin(), unnumbered_.end(), take);
  for (const LogEntry& entry : pending_) {
    if (entry.record.record.seq > applied_seq_) take(entry);
  }
  return found;
}

bool Ledger::had_seq(const std::string& op_id, std::uint64_t seq) const {
  const OpState* op = find(op_id);
  if (op == nullptr) return false;
  return op->has_one_seq ? seq == op->seq : seq <= op->seq;
}

std::map<std::string, std::string> Ledger::being_lifted() const {
  std::map<std::string, std::string> lifted;
  for (const LogEntry& entry : pending_) {
    const Record& record = entry.record.record;
    if (!record.is<schemas::Resume>() || record.seq <= applied_seq_) continue;
    for (const HeldKill* held : latches_.lifted_by(record.resume())) {
      lifted.emplace(held->latch.op_id, record.op_id);
    }
  }
  return lifted;
}

schemas::Bytes Ledger::stored_frame(const std::string& op_id) const {
  const auto is_it = [&](const SignedRecord& one) {
    return one.record.op_id == op_id && one.record.is<schemas::Kill>();
  };
  const auto& log = start_.records;
  const auto stored = std::find_if(log.begin(), log.end(), is_it);
  if (stored != log.end()) return stored->frame;
  if (!start_.state) return {};
  for (const auto& [scope, kills] : start_.state->kills()) {
    for (const auto& [place, kill] : kills) {
      if (is_it(kill)) return kill.frame;
    }
  }
  return {};
}

}  // namespace estop::control
