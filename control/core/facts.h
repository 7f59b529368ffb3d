// SPDX-License-Identifier: Apache-2.0

// What a module has found out and others may act on. Told to the Turn; every module that has
// `on(fact, turn)` hears it when the module that tells it is done, in the order of telling.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "control/core/replies.h"
#include "schemas/record.h"
#include "schemas/result.h"

namespace estop::control {

// --- The log ---

struct RecordCommitted {  // in the stream
  schemas::SignedRecord record;
};
struct RecordDurable {  // in the recorder's SQLite
  schemas::SignedRecord record;
};
struct RecordApplied {  // the head of leases has moved over it
  schemas::SignedRecord record;
};

// --- Who obeys ---

// One more bridge has confirmed an order or outlived it, or somebody asked how far it is.
struct BridgesMoved {
  std::string op_id;
  Gathered so_far;
};
// The same of the instances that a kill waits for. Complete: nobody is missing.
struct StopsMoved {
  std::string op_id;
  StoppedSoFar so_far;
};
// What the broker said to the withdrawal of a killed scope's credentials.
struct CredentialsMoved {
  std::string op_id;
  schemas::Result<std::size_t> credentials;
};

// --- Orders ---

// Nobody asks for it any more, or it was no order: whatever was kept for it may go.
struct OrderForgotten {
  std::string op_id;
};

using Fact = std::variant<RecordCommitted, RecordDurable, RecordApplied, BridgesMoved, StopsMoved,
                          CredentialsMoved, OrderForgotten>;

}  // namespace estop::control
