// SPDX-License-Identifier: Apache-2.0

// The content of estop.db, behind one connection and its transactions.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker-bridge/daemon/file_lock.h"
#include "control/recorder/agent_table.h"
#include "control/recorder/anchor.h"
#include "control/recorder/audit_table.h"
#include "control/recorder/checkpoint_table.h"
#include "control/recorder/database.h"
#include "control/recorder/effect_table.h"
#include "control/recorder/record_sweep.h"
#include "control/recorder/record_table.h"

namespace estop::control {

// Owns the folder: its lock, the database and the anchor. Not thread-safe: one thread at a time.
class RecorderStore {
 public:
  // As Recorder::open, without a thread.
  [[nodiscard]] static schemas::Result<std::unique_ptr<RecorderStore>> open(
      const std::string& folder);

  // Runs `work` in one transaction: all of it is on the disk, or none. kStoreUnavailable gives the
  // reason why it could not be written.
  [[nodiscard]] schemas::Result<void> transact(const std::function<void()>& work);
  // Runs `work` outside of a transaction.
  [[nodiscard]] schemas::Result<void> read(const std::function<void()>& work);

  [[nodiscard]] Database& database() noexcept { return *database_; }
  [[nodiscard]] const AuditAnchor& anchor() const noexcept { return anchor_; }

  // The audit number that the anchor holds; the writer moves both on.
  [[nodiscard]] std::uint64_t anchored() const noexcept { return anchored_; }
  [[nodiscard]] schemas::Result<void> move_anchor();  // to the head; kStoreUnavailable

  // For `open`: takes over what it opened. SQLite::Exception
  RecorderStore(daemon::FileLock lock, std::unique_ptr<Database> database, AuditAnchor anchor);

 private:
  [[nodiscard]] schemas::Result<void> check_tails();
  [[nodiscard]] schemas::Result<void> check_audit();
  void enter_orders();

  daemon::FileLock lock_;
  std::unique_ptr<Database> database_;
  AuditAnchor anchor_;
  std::uint64_t anchored_ = 0;

 public:  // below the connection that they use
  AuditTable audit;
  RecordTable records;
  RecordSweep sweep;
  CheckpointTable checkpoints;
  EffectTable effects;
  AgentTable agents;
};

}  // namespace estop::control
