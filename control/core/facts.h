// SPDX-License-Identifier: Apache-2.0

// Facts that one module found out and others may act on. A module tells them to the Turn. When it
// is done, every module that has `on(fact, turn)` receives them, in the order of telling.
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

// One more bridge has confirmed an order or outlived it, or an operator asked how far it is.
struct BridgesMoved {
  std::string op_id;
  Gathered so_far;
};
// The same about the instances that a kill waits for. Complete: none is missing.
struct StopsMoved {
  std::string op_id;
  StoppedSoFar so_far;
};
// The broker's answer to the withdrawal of a killed scope's credentials.
struct CredentialsMoved {
  std::string op_id;
  schemas::Result<std::size_t> credentials;
};

// --- Orders ---

// Nobody asks for the order any more, or it was no order: modules may drop their data about it.
struct OrderForgotten {
  std::string op_id;
};

using Fact = std::variant<RecordCommitted, RecordDurable, RecordApplied, BridgesMoved, StopsMoved,
                          CredentialsMoved, OrderForgotten>;

}  // namespace estop::control
