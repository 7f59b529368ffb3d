// SPDX-License-Identifier: Apache-2.0

// What control does with what it cannot read: nothing, and counts it (hellos and requests are
// answered with their error). Only its own log makes it stop. H54.
#include <gtest/gtest.h>

#include "control/app/heard.h"
#include "schemas/order.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"

namespace estop::control {
namespace {

using schemas::Bytes;
using schemas::Subjects;

enum class Fault { kNone, kUnreadable, kUnknownKind, kOtherVersion, kTooLarge, kMisshapen };
constexpr Fault kFaults[] = {Fault::kUnreadable, Fault::kUnknownKind, Fault::kOtherVersion,
                             Fault::kTooLarge, Fault::kMisshapen};

// Of messages that begin with their version, behind the length of the array.
Bytes bent(Fault fault, Bytes good) {
  if (fault == Fault::kUnreadable) return "garbage";
  if (fault == Fault::kOtherVersion) testing::of_another_version(good);
  if (fault == Fault::kTooLarge) good.assign(schemas::kMessageMax_bytes, 'x');
  if (fault == Fault::kMisshapen) good += '\xc0';
  return good;
}

Bytes order(Fault fault) {
  schemas::Record kill;
  kill.op_id = "k1";
  kill.actor.name = "alice";
  if (fault == Fault::kUnknownKind)
    kill.body = schemas::Skipped{static_cast<schemas::RecordKind>(99)};
  const auto credential = schemas::jwt_from_creds(testing::operator_creds("alice")).value();
  const auto bend = fault == Fault::kOtherVersion ? testing::of_another_version : testing::Bend{};
  const Bytes record = testing::forged_record(kill, testing::operator_key(), bend);
  return fault == Fault::kOtherVersion ? testing::forged_order(record, credential)
                                       : bent(fault, testing::forged_order(record, credential));
}

Bytes bridge_beat(Fault fault) {
  schemas::BridgeBeat beat;
  beat.bridge = "b1";
  beat.process = "process1";
  Bytes bytes = encode(beat).value();
  constexpr std::size_t kState = 3 + 1 + 3 + 9 + 1;  // behind array, version, …, nonce
  if (fault == Fault::kUnknownKind) bytes[kState] = 9;
  return bent(fault, bytes);
}

Bytes receipt(Fault fault) {
  schemas::BridgeReceipt made;
  made.bridge = "b1";
  made.process = "process1";
  made.op_id = "k1";
  Bytes bytes = schemas::sign_receipt(made, testing::operator_key()).value();
  // Behind frame, array, version, bridge, process, connection, op id, epoch, seq.
  constexpr std::size_t kKind = 4 + 1 + 1 + 3 + 9 + 1 + 3 + 1 + 1;
  if (fault == Fault::kUnknownKind) bytes[kKind] = 99;
  return bent(fault, bytes);
}

Bytes stopped(Fault fault) {
  schemas::StoppedReceipt made;
  made.process = "process1";
  made.op_id = fault == Fault::kUnknownKind ? "NO ID" : "k1";
  return bent(fault, testing::forged_stopped(made, testing::operator_key()));
}

Bytes beat(Fault fault) {
  schemas::Beat made;
  made.process = "process1";
  Bytes bytes = encode(made).value();
  if (fault == Fault::kUnknownKind) bytes[2] = '\xc0';
  return bent(fault, bytes);
}

struct Inbound {
  const char* subject;
  Heard (*decode)(const Subjects&, const nats::MessageView&);
  Bytes (*bytes)(Fault);
};

constexpr Inbound kInbound[] = {
    {"estop.emergency.alice", heard_emergency, order},
    {"estop.bridge.b1", heard_bridge_beat, bridge_beat},
    {"estop.receipt.b1", heard_receipt, receipt},
    {"estop.stopped.acme.prod.x.k3j9x2ab", heard_stopped, stopped},
    {"estop.beat.acme.prod.x.k3j9x2ab", heard_beat, beat},
};

TEST(Inbound, H54_WhatCannotBeReadIsIgnoredOnEverySubject) {
  for (const Inbound& row : kInbound) {
    SCOPED_TRACE(row.subject);
    const auto heard = [&](Fault fault) {
      const Bytes bytes = row.bytes(fault);
      nats::MessageView message;
      message.subject = row.subject;
      message.data = bytes;
      return row.decode(Subjects::standard(), message).has_value();
    };
    EXPECT_TRUE(heard(Fault::kNone));
    for (const Fault fault : kFaults) EXPECT_FALSE(heard(fault)) << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace estop::control
