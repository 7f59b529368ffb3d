// SPDX-License-Identifier: Apache-2.0

// The bytes on the wire, as PROTOCOL.md describes them. Each file of data/ is one message in hex;
// it must decode, mean what stands here, and encode to the same bytes again. A change that alters a
// file breaks every running Estop: raise kVersion.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "schemas/codec.h"
#include "schemas/log_state.h"
#include "tests/support/hex_file.h"
#include "tests/support/written.h"

namespace estop::schemas {
namespace {

SigningKey key() {
  std::array<std::uint8_t, 32> bytes{};
  for (std::uint8_t i = 0; i < 32; ++i) bytes[i] = i;
  return SigningKey::from_bytes(KeyRole::kUser, bytes);
}

Hash filled(std::uint8_t with) {
  Hash hash{};
  hash.fill(with);
  return hash;
}

Record kill() {
  Record record;
  record.epoch = 1;
  record.term = 1;
  record.seq = 3;
  record.prev = filled(0xaa);
  record.op_id = "op-7f3a";
  record.kill().scope = *Scope::parse("acme/prod/email-campaign");
  record.kill().grace_ms = 10'000;
  record.actor.name = "alice";
  record.reason = "broken unsubscribe link";
  record.issued_at_ms = 1'760'000'000'000;
  return record;
}

Record resume() {
  Record record = kill();
  record.seq = 4;
  record.op_id = "op-8c11";
  record.body = Resume{.scope = record.scope()};
  record.reason = "template fixed";
  record.resume().lifts = {"op-7f3a"};
  record.resume().incarnation = 1;
  return record;
}

// Of more kills than a resume may name.
Record resume_by_place() {
  Record record = resume();
  record.resume().lifts.clear();
  record.resume().through = {{1, 3, filled(0xbb)}, 850, filled(0xcc)};
  return record;
}

Record joined() {
  Record record;
  record.epoch = 1;
  record.term = 1;
  record.seq = 2;
  record.op_id = "join-b1-1";
  record.actor.name = "control";
  record.actor.kind = ActorKind::kControl;
  record.body = BridgeJoined{.bridge = "b1", .process = "p7q2m1z9", .key = Bytes(32, '\x11')};
  return record;
}

Record snapshot_part() {
  Record record = joined();
  record.seq = 9;
  record.op_id = "snapshot-8-0";
  const StateEntries entries{.kills = {sign_record(kill(), key()).value().frame},
                             .lives = {{kill().scope(), 4}},
                             .joined = {std::get<BridgeJoined>(joined().body)}};
  record.body = SnapshotPart{.place_seq = 8, .index = 0, .entries = encode(entries)};
  return record;
}

Record snapshot() {
  Record record = joined();
  record.seq = 10;
  record.op_id = "snapshot-8";
  const Bytes part = std::get<SnapshotPart>(snapshot_part().body).entries;
  record.body = Snapshot{{1, 8, filled(0xbb)}, 1, digest_of_parts({part})};
  return record;
}

IntentHead request() {
  IntentHead head;
  head.id = "k3j9x2ab-1";
  head.incarnation = 4;
  head.ttl_ms = 5'000;
  head.flags = static_cast<std::uint32_t>(IntentFlag::kRequest);
  head.payload = "hello";
  head.reply_instance = "k3j9x2ab";
  return head;
}

IntentHead reply() {
  IntentHead head = request();
  head.incarnation = 0;
  head.flags = static_cast<std::uint32_t>(IntentFlag::kReply);
  head.payload = "done";
  return head;
}

const Process kProcess = "p7q2m1z9";
const Latch kLatch = latch_of(kill());

BridgeBeat bridge_beat() {
  BridgeBeat beat{"b1", kProcess, 9, BridgeState::kOpen, {1, 3, filled(0xbb)}, filled(0x11)};
  beat.forwarded = 100;
  beat.refused = 7;
  beat.refused_killed = 6;
  return beat;
}

LeaseFrame lease() {
  LeaseFrame frame{"c3d4e5f6", 1};
  frame.head = {1, 3, filled(0xbb)};
  frame.grants = {{"b1", kProcess, 9}};
  frame.round = 12;
  frame.sent_at_ms = 1'760'000'000'000;
  return frame;
}

LeaseFrame lease_of_a_cut_log() {
  LeaseFrame frame = lease();
  frame.begins = 9;
  return frame;
}

const BridgeReceipt kReceipt{"b1", kProcess, 1, "op-7f3a", 1, 3, RecordKind::kKill, 1'667, 0, 31};
const StoppedReceipt kStopped{"op-7f3a", kProcess, 3, StopStage::kStopped, 2, 5, false, 1'200};
const Hello kHello{filled(0x22), kProcess, "host1", 4'711, "estop-cpp/0.1.0", "", false};
const HelloReply kWelcome{Errc::kOk, "", 4, 5'000, 15'000, {kLatch}, {{"partition-0", 12, 64}}};
const Beat kPulse{kProcess, 9, 4, false, 10, 9, 1, 8, 12'345, 150'000, 900, 3};
const BeatReply kPulseReply{9, Errc::kOk, 4, {}};
const StoreRequest kPut{StoreOp::kPut, "partition-0", 12, 4, "row 1667"};
const StoreReply kStored{Errc::kOk, "", 13, EffectState::kNone, ""};

// A message: its file, its bytes as made here, and the bytes after a decode and encode.
struct Golden {
  std::string file;
  Bytes made;
  std::function<Bytes(const Bytes&)> again;
};

template <class M>
Golden plain(const char* file, const M& message) {
  return {file, testing::written(encode(message)),
          [](const Bytes& b) { return testing::written(encode(decode<M>(b).value())); }};
}

Golden record(const char* file, const Record& message) {
  return {file, sign_record(message, key()).value().frame, [](const Bytes& b) {
            return sign_record(open_record(b).value().record, key()).value().frame;
          }};
}

Golden intent(const char* file, const IntentHead& head) {
  return {file, encode_intent(head).value(),
          [](const Bytes& b) { return encode_intent(decode_intent(b).value()).value(); }};
}

std::vector<Golden> goldens() {
  const auto lease_again = [](const Bytes& b) {
    return sign_lease(open_lease(b, key().public_key()).value(), key()).value();
  };
  const auto receipt = [](const Bytes& b) {
    return sign_receipt(read_receipt(b).value(), key()).value();
  };
  const auto stopped = [](const Bytes& b) {
    return sign_stopped(read_stopped(b).value(), key()).value();
  };
  return {
      intent("intent_request", request()),
      intent("intent_reply", reply()),
      record("record_bridge_joined", joined()),
      record("record_kill", kill()),
      record("record_resume", resume()),
      record("record_resume_by_place", resume_by_place()),
      record("record_snapshot_part", snapshot_part()),
      record("record_snapshot", snapshot()),
      {"lease_frame", sign_lease(lease(), key()).value(), lease_again},
      {"lease_frame_of_a_cut_log", sign_lease(lease_of_a_cut_log(), key()).value(), lease_again},
      {"bridge_receipt", sign_receipt(kReceipt, key()).value(), receipt},
      {"stopped_receipt", sign_stopped(kStopped, key()).value(), stopped},
      plain("bridge_beat", bridge_beat()),
      plain("hello", kHello),
      plain("hello_reply", kWelcome),
      plain("beat", kPulse),
      plain("beat_reply", kPulseReply),
      plain("store_request", kPut),
      plain("store_reply", kStored),
      plain("log_read", LogRead{4'711}),
      plain("log_read_reply", LogReadReply{Errc::kNotFound, "no such sequence", ""}),
  };
}

Bytes read_hex(const std::string& file) {
  return golden::read_hex(ESTOP_GOLDEN_DATA, file);
}

TEST(GoldenTest, EveryMessageHasTheBytesOfItsFile) {
  for (const Golden& golden : goldens()) {
    EXPECT_EQ(hex(read_hex(golden.file)), hex(golden.made)) << golden.file;
  }
}

TEST(GoldenTest, EveryFileDecodesAndEncodesToTheSameBytes) {
  for (const Golden& golden : goldens()) {
    const Bytes bytes = read_hex(golden.file);
    ASSERT_FALSE(bytes.empty()) << golden.file;
    EXPECT_EQ(hex(golden.again(bytes)), hex(bytes)) << golden.file;
  }
}

}  // namespace
}  // namespace estop::schemas
