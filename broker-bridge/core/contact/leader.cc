// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/leader.h"

#include <fmt/format.h>

namespace estop::bridge {

bool Leader::sent(const schemas::LeaseFrame& frame, Turn& turn) {
  if (frame.term < term_) {
    on_deposed(frame, turn);
    return false;
  }
  // Obeyed all the same: its log may have gone back, which has to close this bridge.
  if (frame.term == term_ && frame.leader != leader_) {
    turn.alarm(
        fmt::format("two controls lead in term {}: {} and {}", term_, leader_, frame.leader));
  }
  term_ = frame.term;
  leader_ = frame.leader;
  newest_at_ = turn.now;
  told_of_deposed_ = false;
  return true;
}

// A deposed leader goes on for a moment. One that goes on while its successor is silent has lost
// what that one wrote: a log that went back, in which a kill may be missing. Nothing opens.
void Leader::on_deposed(const schemas::LeaseFrame& frame, Turn& turn) {
  if (told_of_deposed_ || turn.now - newest_at_ <= patience_) return;
  told_of_deposed_ = true;
  turn.alarm(
      fmt::format("control leads in term {}, but term {} was heard before and is silent: its log "
                  "went back. Closed until that one is back or this bridge is started anew",
                  frame.term, term_));
}

}  // namespace estop::bridge
