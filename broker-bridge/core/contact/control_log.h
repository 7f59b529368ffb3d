// SPDX-License-Identifier: Apache-2.0

// The control log as it arrives in a bridge: live, in lease frames, and from the stream after a
// gap.
//
// Returns the signed records, and the committed ones in their place (rule 3). It passes the
// consequences on to Contact: a gap closes the bridge until the gap is read, a log that cannot be
// trusted closes it for good, the head lets it join. Pure, not thread-safe.
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

  // Reads a live record without checking its signature: a record that is no kill has no meaning
  // before a head covers it.
  [[nodiscard]] std::optional<schemas::SignedRecord> read_live(std::string_view frame, Turn& turn);
  // The kills in a lease frame that the log does not have.
  [[nodiscard]] std::vector<schemas::SignedRecord> read_uncommitted(
      const schemas::LeaseFrame& frame, Turn& turn);
  // The records that the head commits: apply `records` in order, then give `progress` to
  // `followed`.
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
  // True: apply this record next. False: it is known, or breaks the log for good.
  [[nodiscard]] bool is_next(const schemas::SignedRecord& record, Turn& turn);
  void replay_ended() { replay_runs_ = false; }
  void replay_failed(std::string_view reason, Turn& turn);
  void disconnected(Turn& turn);

  // Whether the bridge has everything that the frame names.
  [[nodiscard]] bool has_all(const schemas::LeaseFrame& frame) const;
  // Whether it is time to try again to read the missing records.
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
