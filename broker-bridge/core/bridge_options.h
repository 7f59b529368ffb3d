// SPDX-License-Identifier: Apache-2.0

// Options of a bridge at its start. Times are of CLOCK_BOOTTIME.
#pragma once

#include <cstdint>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/contact/lease.h"
#include "schemas/messages.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::bridge {

struct BridgeOptions {
  schemas::Segment id;
  schemas::PublicKey own_key{};        // receipts are signed with it
  schemas::PublicKey control_key{};    // signs the log and the leases
  schemas::PublicKey operators_key{};  // of the CONTROL account: vouches for operators
  schemas::Subjects subjects = schemas::Subjects::standard();
  Nanos beat = 0;
  Nanos lease = 0;    // how long it forwards
  Nanos arrival = 0;  // then the rest of the lease, in which forwarded intents arrive
  Nanos replay_retry = 0;
  bool obeys_fleet_orders = true;  // false: kills of the fleet need two operators, control decides
  schemas::Process process{};      // random: a message to an earlier life is not for this one
  std::uint64_t first_nonce = 0;   // random, for the same reason
  GateOptions gate;
};

}  // namespace estop::bridge
