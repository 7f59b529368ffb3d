// SPDX-License-Identifier: Apache-2.0

// Carries the recorder's data into a new data folder.
//
// It is the way out of a folder whose control log no Estop can read any more: one with a record
// that no reader accepts, or one of an earlier protocol. The old folder is not changed. The new one
// gets a log of its own, signed with its own key and opened on the head of the old one: every kill
// and resume in its order, with its op id, author, reason, time and incarnation. So each kill that
// holds continues to hold. Checkpoints, effects and the audit come along unchanged. Instances do
// not: they have to say hello with a new credential.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/messages.h"
#include "schemas/result.h"
#include "schemas/signing.h"

namespace estop::control {

struct CarryRequest {
  std::string from;  // the recorder's folder of the old data folder
  std::string to;    // of the new one; it must hold no database
  std::string actor;
  std::uint64_t now_ms = 0;  // since 1970; it goes into the audit
};

struct Carried {
  std::vector<schemas::Record> kills;  // that hold, in the order of the log
  std::vector<std::string> dropped;    // resumes that cannot be read: what they named stays killed
  // Op ids of kills that are in the audit but never came into the log: they no longer hold.
  std::vector<std::string> not_logged;
  std::uint64_t records = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t effects = 0;
  std::uint64_t effects_begun = 0;  // of these: begun and not finished
  std::uint64_t audit_rows = 0;     // with the line `carried`
};

// Blocks for the disk. `key` signs the new log. kStoreUnavailable: a control runs on the old
// folder, there is no database in it, the audit or the log was changed, a kill cannot be read, or
// the new folder cannot be written. The caller removes what this began in the new folder.
[[nodiscard]] schemas::Result<Carried> carry(const CarryRequest& request,
                                             const schemas::SigningKey& key);

}  // namespace estop::control
