// SPDX-License-Identifier: Apache-2.0

// A control log written by hand, and the words that bridge tests speak in.
#pragma once

#include <fmt/format.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/codec.h"
#include "schemas/log_state.h"

namespace estop::bridge {

inline constexpr std::array<std::uint8_t, 32> kControlSeed{1};
inline constexpr std::array<std::uint8_t, 32> kStrangerSeed{2};
// An incarnation is what the record says and not its place in the log.
inline constexpr std::uint64_t kIncarnationOffset = 100;

inline schemas::SigningKey control_key() {
  return schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, kControlSeed);
}
inline schemas::SigningKey stranger_key() {
  return schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, kStrangerSeed);
}

inline schemas::Scope scope(std::string_view text) {
  return schemas::Scope::parse(text).value();
}

// Appends signed records, each chained to the one before.
class WrittenLog {
 public:
  WrittenLog() {
    add(record(schemas::EpochOpened{fmt::format("{}:{}", head().epoch, head().seq)}));
  }

  schemas::SignedRecord kill(std::string_view scope_text, std::string op_id) {
    auto made = record(schemas::Kill{});
    made.op_id = std::move(op_id);
    made.kill().scope = scope(scope_text);
    made.reason = "broken unsubscribe link";
    return add(std::move(made));
  }
  schemas::SignedRecord resume(std::string_view scope_text, std::vector<std::string> lifts) {
    auto made = record(schemas::Resume{.scope = scope(scope_text)});
    made.op_id = "resume-" + std::to_string(made.seq);
    made.reason = "fixed";
    made.resume().lifts = std::move(lifts);
    made.resume().incarnation = made.seq + kIncarnationOffset;
    return add(std::move(made));
  }
  schemas::SignedRecord left(std::string bridge) {
    auto made = record(schemas::BridgeLeft{.bridge = std::move(bridge), .process = "process1"});
    made.op_id = "left-" + std::to_string(made.seq);
    return add(std::move(made));
  }
  // What the log adds up to, with the parts one behind the other; `bend` changes what control
  // signs.
  std::uint64_t snapshot(const std::function<void(schemas::LogState&)>& bend = nullptr) {
    schemas::LogState sum = state();
    if (bend) bend(sum);
    begin_snapshot(sum.parts());
    for (std::size_t i = 1; i < parts_.size(); ++i) add_part(i);
    return end_snapshot();
  }
  void begin_snapshot(std::vector<schemas::Bytes> parts) {
    place_ = head();
    parts_ = std::move(parts);
    add_part(0);
  }
  void add_part(std::uint64_t index) {
    add(record(schemas::SnapshotPart{place_.seq, index, parts_[index]}));
  }
  // The number of part 0.
  std::uint64_t end_snapshot() {
    add(record(schemas::Snapshot{place_, parts_.size(), schemas::digest_of_parts(parts_)}));
    return place_.seq + 1;
  }
  [[nodiscard]] schemas::LogState state() const {
    schemas::LogState state;
    for (const auto& one : records_) state.apply(one);
    return state;
  }
  // A stream made anew: its first record carries the old head.
  schemas::SignedRecord open_epoch() {
    auto made = record(schemas::EpochOpened{fmt::format("{}:{}", head().epoch, head().seq)});
    made.epoch = head().epoch + 1;
    made.seq = 1;
    return add(std::move(made));
  }
  schemas::SignedRecord add(schemas::Record made) {
    records_.push_back(schemas::sign_record(made, key_).value());
    return records_.back();
  }
  // The next record of a kind, not appended.
  [[nodiscard]] schemas::Record record(schemas::RecordBody body) const {
    schemas::Record made;
    const auto last = head();
    made.epoch = last.seq == 0 ? 1 : last.epoch;
    made.term = 1;
    made.seq = last.seq + 1;
    made.prev = last.hash;
    made.op_id = "op-" + std::to_string(made.seq);
    made.body = std::move(body);
    made.actor.name = "alice";
    made.issued_at_ms = 1'795'307'142'000;
    return made;
  }
  [[nodiscard]] schemas::Head head() const {
    return records_.empty() ? schemas::Head{} : head_of(records_.back());
  }
  [[nodiscard]] static schemas::Head head_of(const schemas::SignedRecord& record) {
    return {record.record.epoch, record.record.seq, record.hash};
  }
  [[nodiscard]] const std::vector<schemas::SignedRecord>& records() const { return records_; }
  [[nodiscard]] const schemas::SigningKey& key() const { return key_; }

 private:
  schemas::SigningKey key_ = control_key();
  std::vector<schemas::SignedRecord> records_;
  schemas::Head place_;  // of the newest snapshot
  std::vector<schemas::Bytes> parts_;
};

}  // namespace estop::bridge
