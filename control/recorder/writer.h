// SPDX-License-Identifier: Apache-2.0

// The writer thread's loop: takes works from the queue, commits, answers; in between it retries
// owed writes, reads, and moves the anchor.
#pragma once

#include <deque>
#include <variant>
#include <vector>

#include "control/recorder/audit_scan.h"
#include "control/recorder/counters.h"
#include "control/recorder/queue.h"
#include "control/recorder/store.h"

namespace estop::control {

// One turn of the loop does at most: one commit, the reads of its group, one attempt at owed
// writes, one slice of a scan, one slice of deleting cut lines, one anchor. A kill waits for no
// more than that.
class RecorderWriter {
 public:
  // All of them outlive the writer.
  RecorderWriter(const RecorderOptions& options, RecorderStore& store, WorkQueue& queue,
                 RecorderCounters& counters);
  // Runs until the queue is closed and empty; then makes a last attempt at owed writes, and the
  // anchor.
  void run();

 private:
  using Clock = WorkQueue::Clock;
  struct Listing {
    AuditListing scan;
    Recorder::AuditRows done;
  };
  struct Verification {
    AuditVerification scan;
    std::function<void(schemas::Result<AuditVerdict>)> done;
  };
  using Scan = std::variant<Listing, Verification>;

  void serve(WorkQueue::Batch& batch);
  [[nodiscard]] schemas::Result<void> commit_in_order(std::vector<Work*> works);
  [[nodiscard]] schemas::Result<void> commit(std::vector<Work*> works);
  // After a failed commit: passes the error on; urgent works are owed from now on.
  void give_up(Work& work, bool urgent, const schemas::Error& error);
  void read(Work& work);
  void pay_debts(Clock::time_point now);
  [[nodiscard]] bool pay_some();  // the oldest, as many as one transaction takes
  void tell_gap();

  void start_scan(Work& work);
  void step_scan();
  [[nodiscard]] bool step(Listing& listing);            // true: answered
  [[nodiscard]] bool step(Verification& verification);  // likewise
  void refuse_scans(const schemas::Error& error);

  void sweep_cut(Clock::time_point now);
  void sweep_log(Clock::time_point now);
  void keep_anchor(Clock::time_point now, bool at_once);
  [[nodiscard]] Clock::time_point next_turn() const;

  const RecorderOptions& options_;
  RecorderStore& store_;
  WorkQueue& queue_;
  RecorderCounters& counters_;
  std::deque<Work> owed_;  // urgent writes that failed, oldest first
  Clock::time_point next_attempt_{};
  std::deque<Scan> scans_;
  std::uint64_t swept_through_ = 0;  // of the cut lines, in the file
  Clock::time_point next_sweep_{};
  Clock::time_point next_anchor_{};
};

}  // namespace estop::control
