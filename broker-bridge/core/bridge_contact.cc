// SPDX-License-Identifier: Apache-2.0

// Contact with control: the lease opens the bridge; silence, loss and doubt close it.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker-bridge/core/bridge_core.h"
#include "schemas/codec.h"

namespace estop::bridge {

using schemas::BridgeState;
using schemas::RecordKind;

// --- The lease ---

void BridgeCore::on_lease(std::string_view bytes, Nanos now, Effects& out) {
  const auto frame = schemas::open_lease(bytes, options_.control_key);
  if (!frame && schemas::is_signed_lease(bytes, options_.control_key)) {
    return not_understood("a lease frame", frame.error(), now, out);
  }
  if (!frame) return reject_frame("a lease frame", frame.error(), out);
  if (frame->term < term_) return on_deposed(*frame, now, out);
  // Heard all the same: its log may have gone back, which has to close this bridge.
  if (frame->term == term_ && frame->leader != leader_) {
    alarm(fmt::format("two controls lead in term {}: {} and {}", term_, leader_, frame->leader),
          out);
  }
  term_ = frame->term;
  leader_ = frame->leader;
  leader_heard_ = now;
  told_of_deposed_ = false;
  const bool has_all = hear_uncommitted(*frame, now, out);
  follower_.may_begin_at(frame->begins);
  follow(frame->head, now, out);
  const bool is_at_head = follower_.applied() == frame->head;
  if (!stopped_for_good_ && is_at_head && has_all) take_grants(*frame, now, out);
  if (state_ != BridgeState::kOpen) return;
  write_until_ = std::max(write_until_, lease_.until());
}

// A deposed leader goes on for a moment. One that goes on while its successor is silent has lost
// what that one wrote: a log that went back, in which a kill may be missing. Nothing opens.
void BridgeCore::on_deposed(const schemas::LeaseFrame& frame, Nanos now, Effects& out) {
  const Nanos patience = 2 * (options_.lease + options_.arrival);
  if (told_of_deposed_ || now - leader_heard_ <= patience) return;
  told_of_deposed_ = true;
  alarm(fmt::format("control leads in term {}, but term {} was heard before and is silent: its log "
                    "went back. Closed until that one is back or this bridge is started anew",
                    frame.term, term_),
        out);
}

// H59: they may fill several frames, and each of these may be lost. True: all of them were heard.
bool BridgeCore::hear_uncommitted(const schemas::LeaseFrame& frame, Nanos now, Effects& out) {
  if (std::exchange(round_, frame.round) != frame.round) told_.clear();
  for (const auto& bytes_of_kill : frame.uncommitted) {
    const auto kill = schemas::open_record(bytes_of_kill);  // signed by the frame
    if (!kill) {
      not_understood("an uncommitted kill", kill.error(), now, out);
      continue;
    }
    // One more than control says is as wrong as many.
    if (told_.size() <= frame.uncommitted_count) told_.push_back(kill->hash);
    if (kill->record.is<schemas::Kill>() && own_gate().find(kill->record) == nullptr)
      act_on_sight(*kill, now, out);
  }
  return told_.size() == frame.uncommitted_count &&
         schemas::digest_of(told_) == frame.uncommitted_digest;
}

void BridgeCore::take_grants(const schemas::LeaseFrame& frame, Nanos now, Effects& out) {
  bool admitted = false;
  for (const schemas::Grant& grant : frame.grants) {
    if (grant.bridge != options_.id.text() || grant.process != options_.process) continue;
    admitted |= lease_.granted(grant.nonce);
  }
  if (!admitted || state_ != BridgeState::kJoining || !lease_.holds(now)) return;
  state_ = BridgeState::kOpen;
  reason_.clear();
  was_open_ = true;
  ++counters_.opened;
  out.emplace_back(JoinGroup{});
  out.emplace_back(
      Note{Note::Level::kInfo, fmt::format("open at {}:{} with {} kills", frame.head.epoch,
                                           frame.head.seq, own_gate().kills())});
  beat(now, out);
}

void BridgeCore::join(Nanos now, Effects& out) {
  state_ = BridgeState::kJoining;
  reason_ = "waits for control to admit it";
  beat(now, out);
}

// --- Closing ---

void BridgeCore::shut(std::string reason, Nanos now, Effects& out) {
  if (stopped_for_good_ || state_ == BridgeState::kLeaving) return;
  const bool was_open = state_ == BridgeState::kOpen;
  state_ = BridgeState::kReplaying;
  reason_ = std::move(reason);
  lease_.forget();
  if (!was_open) return;
  out.emplace_back(LeaveGroup{});
  out.emplace_back(Note{Note::Level::kWarning, "closed: " + reason_});
  beat(now, out);
}

void BridgeCore::stop_for_good(std::string reason, Nanos now, Effects& out) {
  if (stopped_for_good_) return;
  shut(std::move(reason), now, out);
  stopped_for_good_ = true;
  if (replay_runs_) out.emplace_back(AbandonReplay{});
  replay_runs_ = false;
  alarm("closed for good: " + reason_, out);
}

// Rule 10: an order of control that this bridge cannot read may be a stop.
void BridgeCore::not_understood(std::string_view what, const schemas::Error& error, Nanos now,
                                Effects& out) {
  ++counters_.bad_frames;
  stop_for_good(fmt::format("{} was refused: {}", what, to_string(error)), now, out);
}

// What control did not sign says nothing, whatever is wrong with it. A record that was lost so
// shows as a gap.
void BridgeCore::reject_frame(std::string_view what, const schemas::Error& error, Effects& out) {
  ++counters_.bad_frames;
  alarm(fmt::format("{} was refused: {}", what, to_string(error)), out);
}

void BridgeCore::alarm(std::string text, Effects& out) {
  ++counters_.alarms;
  out.emplace_back(Note{Note::Level::kAlarm, std::move(text)});
}

}  // namespace estop::bridge
