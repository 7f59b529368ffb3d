// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/snapshot.h"

namespace estop::bridge {

using schemas::Errc;
using schemas::Head;
using schemas::Record;
using schemas::RecordKind;
using schemas::Result;
using schemas::SignedRecord;

namespace {

std::string place(const Head& head) {
  return fmt::format("{}:{}", head.epoch, head.seq);
}

Progress broken(std::string problem) {
  return {Progress::Kind::kBroken, 0, 0, std::move(problem)};
}

// Whether `head` comes before `than`: the log went back.
bool is_before(const Head& head, const Head& than) noexcept {
  return std::pair(head.epoch, head.seq) < std::pair(than.epoch, than.seq);
}

bool is_fork(const Head& a, const Head& b) noexcept {
  return a.epoch == b.epoch && a.seq == b.seq && a.hash != b.hash;
}

}  // namespace

void Follower::saw(SignedRecord record) {
  const Head at{record.record.epoch, record.record.seq, record.hash};
  if (!is_before(applied_, at) || pending_.size() >= kPendingMax) return;
  pending_.emplace(record.hash, std::move(record));
}

Progress Follower::follow(const Head& head, std::vector<SignedRecord>& ready) {
  for (const Head& known : {applied_, head_}) {
    if (is_before(head, known)) {
      return broken(
          fmt::format("the committed log went back from {} to {}", place(known), place(head)));
    }
    if (is_fork(head, known)) {
      return broken(fmt::format("two different records are committed at {}", place(head)));
    }
  }
  head_ = head;
  for (const SignedRecord* record : path_to(head)) {
    if (auto linked = check_link(record->record); !linked) return broken(linked.error().detail);
    ready.push_back(*record);
    advance(*record);
  }
  std::erase_if(pending_, [&](const auto& entry) {
    const Record& record = entry.second.record;
    return !is_before(applied_, {record.epoch, record.seq, {}});
  });
  if (applied_ == head_) return {};
  // A stream that was made anew may count from 1 again or hold what it held before: read all of it.
  const bool same_stream = head_.epoch == applied_.epoch;
  std::uint64_t from = same_stream ? applied_.seq + 1 : 1;
  if (applied_.seq == 0 || is_lost_) from = std::max(from, begins_);
  return {Progress::Kind::kBehind, from, head_.seq, {}};
}

// The remembered records from the one after `applied_` up to `head`; empty if one of them is
// missing.
std::vector<const SignedRecord*> Follower::path_to(const Head& head) const {
  std::vector<const SignedRecord*> path;
  for (schemas::Hash at = head.hash; at != applied_.hash;) {
    const auto found = pending_.find(at);
    // A cycle would need a SHA-256 collision; the size is checked all the same.
    if (found == pending_.end() || path.size() > pending_.size()) return {};
    path.push_back(&found->second);
    at = found->second.record.prev;
    if (found->second.record.seq == 1 && applied_.seq == 0) break;
  }
  std::reverse(path.begin(), path.end());
  return path;
}

void Follower::may_begin_at(std::uint64_t seq) noexcept {
  if (seq == begins_) return;
  std::rotate(begun_.begin(), begun_.end() - 1, begun_.end());
  begun_.front() = std::exchange(begins_, seq);
}

bool Follower::begins_with(const SignedRecord& record) const {
  const std::uint64_t seq = record.record.seq;
  const bool is_told =
      seq == begins_ || std::find(begun_.begin(), begun_.end(), seq) != begun_.end();
  return is_told && seq > applied_.seq + 1 && schemas::begins_snapshot(record.record);
}

Result<bool> Follower::replayed(const SignedRecord& record) {
  const Head at{record.record.epoch, record.record.seq, record.hash};
  if (applied_.seq != 0 && !is_before(applied_, at) && !is_fork(applied_, at)) return false;
  if (auto linked = check_link(record.record); !linked) {
    return tl::make_unexpected(std::move(linked.error()));
  }
  if (is_fork(at, head_)) {
    return schemas::fail(
        Errc::kChainBroken,
        fmt::format("the stream's record {} is not the one that control signed", place(at)));
  }
  advance(record);
  return true;
}

Result<void> Follower::check_link(const Record& record) const {
  const auto no = [&](std::string_view why) {
    return schemas::fail(Errc::kChainBroken,
                         fmt::format("record {}:{} does not follow {}: {}", record.epoch,
                                     record.seq, place(applied_), why));
  };
  if (record.term < term_) return no("its leader was deposed");
  const auto* opened = std::get_if<schemas::EpochOpened>(&record.body);
  if (applied_.seq == 0) {
    return opened != nullptr && record.seq == 1 ? Result<void>{}
                                                : no("a log begins with epoch-opened at 1");
  }
  if (record.prev != applied_.hash) return no("its previous hash is another one");
  if (record.epoch == applied_.epoch) {
    return record.seq == applied_.seq + 1 ? Result<void>{} : no("its number is not the next one");
  }
  if (record.epoch < applied_.epoch) return no("its epoch is older");
  if (opened == nullptr || opened->former != place(applied_))
    return no("its epoch was not opened on this head");
  const bool fits = record.seq == 1 || record.seq == applied_.seq + 1;
  return fits ? Result<void>{} : no("its number is neither 1 nor the next one");
}

void Follower::advance(const SignedRecord& record) {
  applied_ = {record.record.epoch, record.record.seq, record.hash};
  term_ = record.record.term;
  is_lost_ = false;
}

}  // namespace estop::bridge
