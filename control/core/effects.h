// SPDX-License-Identifier: Apache-2.0

// The effects of control, as values, in the order in which the shell performs them: at the three
// ports, and within the daemon itself.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "control/core/ports/access_port.h"
#include "control/core/ports/broker_port.h"
#include "control/core/ports/recorder_port.h"
#include "schemas/order.h"

namespace estop::control {

// Checks the signature before any module receives the receipt. Answered by BridgeReceiptChecked.
struct CheckBridgeReceipt {
  std::string bridge;
  schemas::BridgeReceipt receipt;
  schemas::Bytes bytes;
  schemas::PublicKey key{};
};
struct CheckStopped {  // answered by StoppedChecked
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoppedReceipt receipt;
  schemas::Bytes bytes;
  schemas::PublicKey key{};
};
struct CheckOrder {  // answered by OrderChecked
  schemas::SignedOrder order;
};
// Bridges received this kill from the operator himself. Control handles their receipts before it
// writes the record. Answered by WriteDue when it is time; of two requests the earlier time counts.
struct WriteSoon {
  std::string op_id;
  std::uint64_t in_us = 0;
};
// For the metrics: the time from an order to one of its stages.
struct OrderTimed {
  Stage stage = Stage::kFenced;
  std::uint64_t us = 0;
};
// Something that a person has to look at. Its audit line and its event are effects of their own.
struct Alarm {
  std::string kind;
  std::string detail;
};
// Control cannot go on without guessing. The process ends; the next start reads the log again.
struct Stop {
  std::string reason;
};

// Performed by ControlShell.
using OwnAction =
    std::variant<CheckBridgeReceipt, CheckStopped, CheckOrder, WriteSoon, OrderTimed, Alarm, Stop>;

using Effect = std::variant<BrokerAction, RecorderAction, AccessAction, OwnAction>;
using Effects = std::vector<Effect>;

}  // namespace estop::control
