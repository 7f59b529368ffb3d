// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/control_log.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::SignedRecord;

std::optional<SignedRecord> ControlLog::read_live(std::string_view frame, Turn& turn) {
  auto record = schemas::open_record(frame);
  if (record) return std::move(*record);
  if (schemas::is_signed_record(frame, options_.control_key)) {
    contact_.not_understood("a record", record.error(), turn);
  } else {
    turn.reject_frame("a record", record.error());
  }
  return std::nullopt;
}

std::vector<SignedRecord> ControlLog::read_uncommitted(const schemas::LeaseFrame& frame,
                                                       Turn& turn) {
  std::vector<SignedRecord> kills;
  uncommitted_.begin(frame);
  for (const auto& bytes : frame.uncommitted) {
    auto kill = schemas::open_record(bytes);  // signed by the frame
    if (!kill) {
      contact_.not_understood("an uncommitted kill", kill.error(), turn);
      continue;
    }
    uncommitted_.add(kill->hash, frame);
    if (kill->record.is<schemas::Kill>()) kills.push_back(std::move(*kill));
  }
  return kills;
}

bool ControlLog::has_all(const schemas::LeaseFrame& frame) const {
  return follower_.applied() == frame.head && uncommitted_.are_all(frame);
}

ControlLog::Committed ControlLog::follow(const schemas::Head& head) {
  Committed committed;
  if (!contact_.is_stopped()) committed.progress = follower_.follow(head, committed.records);
  return committed;
}

void ControlLog::followed(const Progress& progress, Turn& turn) {
  if (contact_.is_stopped()) return;
  switch (progress.kind) {
    case Progress::Kind::kBroken:
      return contact_.stop_for_good(progress.problem, turn);
    case Progress::Kind::kBehind:
      return read_missing(progress, turn);
    case Progress::Kind::kAtHead:
      if (!replay_runs_) contact_.caught_up(turn);
      return;
  }
}

void ControlLog::read_missing(const Progress& progress, Turn& turn) {
  // What was missed may be a kill: nothing passes until it is read.
  const BridgeState state = contact_.state();
  if (state == BridgeState::kOpen || state == BridgeState::kJoining) {
    contact_.close(
        fmt::format("records {} to {} of the control log were missed", progress.from, progress.to),
        turn);
  }
  const bool may_read = state != BridgeState::kLeaving && contact_.is_connected();
  if (replay_runs_ || turn.now < replay_again_at_ || !may_read) return;
  replay_runs_ = true;
  ++turn.counters.replays;
  contact_.wait(
      fmt::format("reads records {} to {} of the control log", progress.from, progress.to));
  turn.out.emplace_back(Replay{progress.from, progress.to});
}

bool ControlLog::is_due(Nanos now) const {
  return follower_.applied() != follower_.head() && now >= replay_again_at_;
}

std::optional<SignedRecord> ControlLog::read_replayed(std::string_view frame, Turn& turn) {
  if (contact_.is_stopped()) return std::nullopt;
  auto record = schemas::open_record(frame);
  if (!record) {
    if (schemas::is_signed_record(frame, options_.control_key)) {
      contact_.not_understood("a record of the stream", record.error(), turn);
      return std::nullopt;
    }
    ++turn.counters.bad_frames;
    turn.out.emplace_back(AbandonReplay{});
    replay_failed(to_string(record.error()), turn);
    return std::nullopt;
  }
  return std::move(*record);
}

bool ControlLog::is_next(const SignedRecord& record, Turn& turn) {
  const auto is_new = follower_.replayed(record);
  if (!is_new) contact_.stop_for_good(is_new.error().detail, turn);
  return is_new && *is_new;
}

void ControlLog::replay_failed(std::string_view reason, Turn& turn) {
  replay_runs_ = false;
  follower_.replay_failed();
  replay_again_at_ = turn.now + options_.replay_retry;
  if (contact_.is_stopped()) return;
  std::string text = fmt::format("cannot read the control log: {}", reason);
  contact_.wait(text);
  turn.note(Note::Level::kWarning, std::move(text));
}

void ControlLog::disconnected(Turn& turn) {
  if (std::exchange(replay_runs_, false)) turn.out.emplace_back(AbandonReplay{});
}

}  // namespace estop::bridge
