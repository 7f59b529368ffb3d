// SPDX-License-Identifier: Apache-2.0

// The recorder as control meets it, on a simulated disk: what its answers promise is what the real
// one promises (control/recorder/recorder.h), and what was not committed dies with the process.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/core/effects.h"
#include "tests/sim/process.h"

namespace estop::sim {

// Survives its process.
struct Disk {
  struct Checkpoint {
    std::uint64_t version = 0;
    schemas::Bytes bytes;
  };
  std::map<std::uint64_t, schemas::SignedRecord> records;  // by seq
  std::vector<control::AuditEntry> audit;                  // number: index + 1
  std::map<std::string, control::StoredAgent> agents;
  std::map<std::pair<std::string, std::string>, Checkpoint> checkpoints;  // address, key
  std::uint64_t lost_lines = 0;  // of the audit, not yet told by a gap line
  bool full = false;
  std::function<void(const schemas::SignedRecord&)> committed;  // told of each new record
};

class Recorder {
 public:
  using Handler = std::function<void(const control::Event&)>;
  // On the loop of `process`; lives as long as one of its lives.
  Recorder(Process& process, Disk& disk, Handler handler);

  [[nodiscard]] bool healthy() const { return healthy_; }
  void perform(const control::StoreRecord& effect);
  void perform(const control::WriteAudit& effect);
  void perform(const control::PutAgent& effect);
  void perform(const control::ListCheckpoints& effect);
  void perform(const control::Store& effect);

 private:
  struct Work {
    std::function<void()> write;
    std::function<void(bool done)> answer;
    std::uint64_t audit_lines = 0;
  };
  void add(std::deque<Work>& lane, Work work);
  void begin_commit();
  void commit(std::vector<Work> works, bool urgent);
  void pay_owed();
  void pay_debts();
  void post(control::Event event);
  [[nodiscard]] std::vector<schemas::CheckpointInfo> checkpoints_of(
      const schemas::Address& address) const;
  [[nodiscard]] schemas::StoreReply store(const control::Store& asked);

  Process& process_;
  Disk& disk_;
  Handler handler_;
  std::deque<Work> alone_;  // a commit each
  std::deque<Work> group_;  // one commit for all
  std::deque<Work> owed_;   // could not be written, tried again without a further answer
  bool committing_ = false;
  bool healthy_ = true;
};

}  // namespace estop::sim
