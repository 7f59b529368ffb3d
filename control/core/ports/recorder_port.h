// SPDX-License-Identifier: Apache-2.0

// The actions of control at the recorder. Performed by RecorderDesk (control/app/recorder_desk.h),
// in order; its answers come back as events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "control/core/asker.h"
#include "control/core/audit_line.h"
#include "control/core/questions/page.h"
#include "control/recorder/rows.h"
#include "schemas/messages.h"

namespace estop::control {

// Answered by RecordStored.
struct StoreRecord {
  schemas::SignedRecord record;
  std::optional<AuditLine> audit;
};
// For an op id that control does not remember. Answered by OrderFound.
struct FindOrder {
  std::uint64_t lookup = 0;
  std::string op_id;
};
struct WriteAudit {
  AuditLine line;
};
struct QueryAudit {  // answered by AuditListed
  AuditQuery query;
  Asker asker;
};
struct VerifyAudit {  // answered by AuditVerified
  Asker asker;
};
struct FindBeginning {};  // of the audit; answered by AuditBegins
struct CutAway {          // answered by AuditCutAway
  CutRequest request;
  Asker asker;
};
struct PutAgent {
  StoredAgent agent;
};
// Answered by CheckpointsListed.
struct ListCheckpoints {
  schemas::Address address;
  schemas::Instance instance;
  Asker asker;
};
struct ReadDetails {  // answered by DetailsRead
  schemas::Address address;
  Asker asker;
  PageRequest page{};
};
// Answered by StoreAnswered.
struct Store {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoreRequest request;
  Asker asker;
};

using RecorderAction =
    std::variant<StoreRecord, FindOrder, WriteAudit, QueryAudit, VerifyAudit, FindBeginning,
                 CutAway, PutAgent, ListCheckpoints, ReadDetails, Store>;

}  // namespace estop::control
