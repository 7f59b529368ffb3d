// SPDX-License-Identifier: Apache-2.0

// The disk of control's machine. recorder.cc puts a recorder on it in the place of the real one:
// what its answers promise is what the real one promises (control/recorder/recorder.h), and what
// was not committed dies with the process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "control/recorder/recorder.h"

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
  std::function<void(const control::AuditEntry&)> audited;  // told of each line, when control asks
  std::function<void(const schemas::SignedRecord&)> committed;  // told of each new record
};

}  // namespace estop::sim
