// SPDX-License-Identifier: Apache-2.0

// The control log as it arrives here: live, in lease frames, and from the stream after a gap.
//
// Hands out what is signed, and what is committed in its place (rule 3). Contact hears what follows
// for it: a gap closes the bridge until it is read, a log that cannot be trusted closes it for
// good, the head lets it join. Pure, not thread-safe.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "broker-bridge/core/bridge_options.h"
#include "broker-bridge/core/contact/contact.h"
#include "broker-bridge/core/contact/follower.h"
#include "broker-bridge/core/contact/uncommitted_kills.h"
#include "broker-bridge/core/turn.h"

namespace estop::bridge {

class ControlLog {
 public:
  // All outlive it.
  ControlLog(const BridgeOptions& options, Follower& follower, Contact& contact)
      : options_(options), follower_(follower), contact_(contact) {}

  // A live record. Its signature is not checked: what is no kill says nothing before a head covers
  // it.
  [[nodiscard]] std::optional<schemas::SignedRecord> read_live(std::string_view frame, Turn& turn);
  // Of a lease frame: the kills that it tells and the log does not have.
  [[nodiscard]] std::vector<schemas::SignedRecord> read_uncommitted(
      const schemas::LeaseFrame& frame, Turn& turn);
  // What the head commits: apply `records` in order, then give `progress` to `followed`.
  struct Committed {
    std::vector<schemas::SignedRecord> records;
    Progress progress;
  };
  [[nodiscard]] Committed follow(const schemas::Head& head);
  [[nodiscard]] Committed follow() { return follow(follower_.head()); }
  void followed(const Progress& progress, Turn& turn);
  // A record of the stream.
  [[nodiscard]] std::optional<schemas::SignedRecord> read_replayed(std::string_view frame,
                                                                   Turn& turn);
  // It is to be applied next; false: it is known, or breaks the log for good.
  [[nodiscard]] bool is_next(const schemas::SignedRecord& record, Turn& turn);
  void replay_ended() { replay_runs_ = false; }
  void replay_failed(std::string_view reason, Turn& turn);
  void disconnected(Turn& turn);

  // Nothing that the frame says is missing.
  [[nodiscard]] bool has_all(const schemas::LeaseFrame& frame) const;
  // It should try again to read what is missing.
  [[nodiscard]] bool is_due(Nanos now) const;

 private:
  void read_missing(const Progress& progress, Turn& turn);

  const BridgeOptions& options_;
  Follower& follower_;
  Contact& contact_;
  UncommittedKills uncommitted_;
  bool replay_runs_ = false;
  Nanos replay_again_at_ = 0;
};

}  // namespace estop::bridge
