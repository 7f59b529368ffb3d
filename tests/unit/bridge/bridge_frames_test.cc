// SPDX-License-Identifier: Apache-2.0

// What a bridge does with what it cannot read or nobody vouches for: only control's own signature
// makes it stop. H30, H45, H54.
#include "schemas/order.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/bridge/bridge_fixture.h"

namespace estop::bridge {
namespace {

using schemas::Bytes;

enum class Where { kLog, kLease, kInSignedLease, kEmergency };
enum class Fault { kUnreadable, kUnknownKind, kOtherVersion, kBadSignature, kTooLarge, kMisshapen };

std::ostream& operator<<(std::ostream& out, Where where) {
  constexpr const char* kNames[] = {"log", "lease", "in a signed lease", "emergency"};
  return out << kNames[static_cast<int>(where)];
}
std::ostream& operator<<(std::ostream& out, Fault fault) {
  constexpr const char* kNames[] = {"unreadable",    "unknown kind", "other version",
                                    "bad signature", "too large",    "misshapen"};
  return out << kNames[static_cast<int>(fault)];
}

// Bytes that stand in the place of a record or a frame. Those that can be signed have `key`'s
// signature.
Bytes record_with(Fault fault, schemas::Record record, const schemas::SigningKey& key) {
  switch (fault) {
    case Fault::kUnreadable:
      return "garbage";
    case Fault::kUnknownKind:
      record.body = schemas::Skipped{static_cast<schemas::RecordKind>(99)};
      return testing::forged_record(record, key);
    case Fault::kOtherVersion:
      return testing::forged_record(record, key, testing::of_another_version);
    case Fault::kBadSignature:
      return testing::without_signature(testing::forged_record(record, key));
    case Fault::kTooLarge:
      record.reason.assign(schemas::kRecordMax_bytes, 'x');
      return testing::forged_record(record, key);
    case Fault::kMisshapen:
      return testing::forged_record(record, key, [](Bytes& body) { body += '\xc0'; });
  }
  return {};
}

Bytes lease_with(Fault fault, schemas::LeaseFrame frame, const schemas::SigningKey& key) {
  switch (fault) {
    case Fault::kUnreadable:
      return "garbage";
    case Fault::kUnknownKind:
      frame.uncommitted = {record_with(fault, {}, key)};
      return testing::forged_lease(frame, key);
    case Fault::kOtherVersion:
      return testing::forged_lease(frame, key, testing::of_another_version);
    case Fault::kBadSignature:
      return testing::without_signature(testing::forged_lease(frame, key));
    case Fault::kTooLarge:
      frame.uncommitted = {Bytes(schemas::kControlMessageMax_bytes, 'x')};
      return testing::forged_lease(frame, key);
    case Fault::kMisshapen:
      return testing::forged_lease(frame, key, [](Bytes& body) { body += '\xc0'; });
  }
  return {};
}

struct Row {
  Where where;
  Fault fault;
  bool signed_by_control;
  const char* expected;
};

constexpr const char* kIgnored = "ignored and counted";
constexpr const char* kStops = "closed for good";

constexpr Row kRows[] = {
    {Where::kLog, Fault::kUnreadable, false, kIgnored},
    {Where::kLog, Fault::kUnknownKind, false, kIgnored},
    {Where::kLog, Fault::kUnknownKind, true, kStops},
    {Where::kLog, Fault::kOtherVersion, false, kIgnored},
    {Where::kLog, Fault::kOtherVersion, true, kStops},
    {Where::kLog, Fault::kBadSignature, true, kIgnored},
    {Where::kLog, Fault::kTooLarge, false, kIgnored},
    {Where::kLog, Fault::kTooLarge, true, kIgnored},  // its signature is not looked for
    {Where::kLog, Fault::kMisshapen, false, kIgnored},
    {Where::kLog, Fault::kMisshapen, true, kStops},
    {Where::kLease, Fault::kUnreadable, false, kIgnored},
    {Where::kLease, Fault::kUnknownKind, false, kIgnored},
    {Where::kLease, Fault::kUnknownKind, true, kStops},
    {Where::kLease, Fault::kOtherVersion, false, kIgnored},
    {Where::kLease, Fault::kOtherVersion, true, kStops},
    {Where::kLease, Fault::kBadSignature, true, kIgnored},
    {Where::kLease, Fault::kTooLarge, false, kIgnored},
    {Where::kLease, Fault::kTooLarge, true, kIgnored},
    {Where::kLease, Fault::kMisshapen, false, kIgnored},
    {Where::kLease, Fault::kMisshapen, true, kStops},
    {Where::kInSignedLease, Fault::kUnreadable, false, kStops},
    {Where::kInSignedLease, Fault::kUnknownKind, false, kStops},
    {Where::kInSignedLease, Fault::kOtherVersion, false, kStops},
    {Where::kInSignedLease, Fault::kBadSignature, false, "obeyed"},  // the frame vouches for it
    {Where::kInSignedLease, Fault::kTooLarge, false, kStops},
    {Where::kInSignedLease, Fault::kMisshapen, false, kStops},
    {Where::kEmergency, Fault::kUnreadable, false, kIgnored},
    {Where::kEmergency, Fault::kUnknownKind, false, kIgnored},
    {Where::kEmergency, Fault::kUnknownKind, true, kIgnored},
    {Where::kEmergency, Fault::kOtherVersion, false, kIgnored},
    {Where::kEmergency, Fault::kOtherVersion, true, kIgnored},
    {Where::kEmergency, Fault::kBadSignature, false, kIgnored},
    {Where::kEmergency, Fault::kTooLarge, false, kIgnored},
    {Where::kEmergency, Fault::kMisshapen, false, kIgnored},
};

void send(BridgeAtHand& bridge, const Row& row) {
  const schemas::SigningKey stranger = stranger_key();
  const schemas::SigningKey& key = row.signed_by_control ? bridge.log.key() : stranger;
  schemas::Record kill = bridge.log.record(schemas::Kill{});
  kill.op_id = "k1";
  kill.actor.name = "alice";
  switch (row.where) {
    case Where::kLog:
      bridge.core.on_log(record_with(row.fault, kill, key), bridge.now, bridge.effects);
      break;
    case Where::kLease:
      bridge.core.on_lease(lease_with(row.fault, bridge.frame(), key), bridge.now, bridge.effects);
      break;
    case Where::kInSignedLease: {
      auto frame = bridge.frame();
      frame.uncommitted = {record_with(row.fault, kill, key)};
      bridge.core.on_lease(testing::forged_lease(frame, bridge.log.key()), bridge.now,
                           bridge.effects);
      break;
    }
    case Where::kEmergency: {
      kill.seq = kill.epoch = kill.term = 0;
      const auto credential = schemas::jwt_from_creds(testing::operator_creds("alice")).value();
      const Bytes order = testing::forged_order(record_with(row.fault, kill, key), credential);
      bridge.core.on_emergency({"alice"}, order, bridge.now, bridge.effects);
      break;
    }
  }
  bridge.core.settle(bridge.now, bridge.effects);
}

std::string what_happens(const Row& row) {
  BridgeAtHand bridge;
  bridge.run_to_open();
  send(bridge, row);
  if (bridge.alarmed("closed for good")) return kStops;
  if (bridge.core.gate().kills() == 1) return "obeyed";
  const bool counted = bridge.core.counters().bad_frames == 1;
  if (!bridge.core.is_open(bridge.now) || !counted) return "something else";
  bridge.live(bridge.log.kill("acme/prod/x", "real"));
  const bool obeys = bridge.send("acme/prod/x", "acme/prod/y") == "sender-killed";
  return obeys ? kIgnored : "ignored, and deaf";
}

TEST(BridgeFrames, H54_OnlyWhatControlSignedStopsABridgeThatCannotReadIt) {
  for (const Row& row : kRows) {
    EXPECT_EQ(what_happens(row), row.expected)
        << row.where << ", " << row.fault << (row.signed_by_control ? ", signed by control" : "");
  }
}

// --- In a replay ---

struct Replaying : BridgeAtHand {
  Replaying() {
    connect();
    log.kill("acme/prod/x", "k1");
    lease();
    EXPECT_TRUE(last<Replay>());
    effects.clear();
  }
};

class BridgeReplayTest : public ::testing::Test, public Replaying {};

TEST_F(BridgeReplayTest, H54_ADamagedRecordIsReadAgainAndNothingOpensMeanwhile) {
  core.on_replayed("garbage", now, effects);
  EXPECT_TRUE(last<AbandonReplay>());
  EXPECT_FALSE(alarmed("closed for good"));
  EXPECT_FALSE(core.is_open(now));
  pass(300 * kMs);
  for (int turn = 0; turn < 4; ++turn) {
    replay();
    lease();
  }
  EXPECT_TRUE(core.is_open(now)) << core.contact().why_closed();
  EXPECT_EQ(send("acme/prod/x", "acme/prod/y"), "sender-killed");
}

TEST(BridgeReplay, H45_ASignedRecordThatItCannotReadClosesItForGood) {
  for (const Fault fault : {Fault::kUnknownKind, Fault::kOtherVersion, Fault::kMisshapen}) {
    Replaying bridge;
    auto record = bridge.log.record(schemas::Kill{});
    record.op_id = "k1";
    record.actor.name = "alice";
    const Bytes frame = record_with(fault, record, bridge.log.key());
    bridge.core.on_replayed(frame, bridge.now, bridge.effects);
    EXPECT_TRUE(bridge.alarmed("closed for good")) << fault;
  }
}

}  // namespace
}  // namespace estop::bridge
