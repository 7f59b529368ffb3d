// SPDX-License-Identifier: Apache-2.0

// What a writer makes, its reader takes; what a reader refuses, no writer makes. At and above every
// bound of every message. H53, I15.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "schemas/codec.h"
#include "schemas/order.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"

namespace estop::schemas {
namespace {

using testing::operator_key;

std::string letters(std::size_t count) {
  return std::string(count, 'a');
}

// Op ids as long as they may be, all different.
std::vector<std::string> op_ids(std::size_t count) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    made.push_back(letters(kOpIdMax_bytes - number.size()) + number);
  }
  return made;
}

Scope widest_scope() {
  const std::string segment = letters(kSegmentMax_bytes);
  return *Scope::parse(segment + '/' + segment + '/' + segment + '@' + letters(kInstanceMax_bytes));
}

const Process kLongestProcess = letters(kInstanceMax_bytes);

RecordBody largest_body(RecordKind kind) {
  switch (kind) {
    case RecordKind::kKill:
      return Kill{
          .scope = widest_scope(), .grace_ms = UINT32_MAX, .given_as = letters(kNameMax_bytes)};
    case RecordKind::kResume:
      return Resume{.scope = widest_scope(), .lifts = op_ids(kLiftsMax), .incarnation = UINT64_MAX};
    case RecordKind::kBridgeJoined:
      return BridgeJoined{.bridge = letters(kSegmentMax_bytes),
                          .process = kLongestProcess,
                          .key = Bytes(32, '\xff')};
    case RecordKind::kBridgeLeft:
      return BridgeLeft{.bridge = letters(kSegmentMax_bytes), .process = kLongestProcess};
    case RecordKind::kEpochOpened:
      return EpochOpened{letters(kNameMax_bytes)};
    case RecordKind::kTermOpened:
      return TermOpened{letters(kNameMax_bytes)};
    case RecordKind::kSnapshotPart:
      return SnapshotPart{UINT64_MAX, UINT64_MAX, letters(kSnapshotPartMax_bytes)};
    case RecordKind::kSnapshot:
      return Snapshot{{UINT64_MAX, UINT64_MAX, {}}, UINT64_MAX, {}};
    case RecordKind::kFirstSkippable:
      break;
  }
  return Skipped{kind};
}

BridgeJoined& joined(Record& record) {
  return std::get<BridgeJoined>(record.body);
}

// Everything in it is as large as it may be.
Record largest(RecordKind kind) {
  Record record;
  record.epoch = record.term = record.seq = UINT64_MAX;
  record.op_id = op_ids(1)[0];
  record.actor.name = letters(kSegmentMax_bytes);
  record.actor.detail = letters(kActorDetailMax_bytes);
  record.reason = letters(kReasonMax_bytes);
  record.issued_at_ms = UINT64_MAX;
  record.body = largest_body(kind);
  return record;
}

TEST(WrittenTest, TheLargestRecordOfEachKindFitsItsFrame) {
  for (const std::uint8_t number : own_reads().kinds) {
    const Record record = largest(static_cast<RecordKind>(number));
    const auto made = sign_record(record, operator_key());
    ASSERT_TRUE(made) << made.error();
    EXPECT_LE(made->frame.size(), kRecordMax_bytes);
    EXPECT_EQ(open_record(made->frame).value().record, record) << record.kind();
  }
}

Through through_all() {
  Through through{{UINT64_MAX, UINT64_MAX, {}}, UINT64_MAX, {}};
  through.place.hash.fill(0xff);
  through.digest.fill(0xff);
  return through;
}

TEST(WrittenTest, H53_AResumeOfAnyNumberOfKillsIsASmallRecord) {
  Record record = largest(RecordKind::kResume);
  record.resume().lifts.clear();
  record.resume().through = through_all();
  const auto made = sign_record(record, operator_key());
  ASSERT_TRUE(made) << made.error();
  EXPECT_LE(made->frame.size(), 2'048U);
  EXPECT_EQ(open_record(made->frame).value().record, record);
}

TEST(WrittenTest, H53_AResumeThatGoesByPlaceHasAllOfItAndNamesNoKill) {
  const struct {
    const char* what;
    void (*bend)(Record&);
  } rows[] = {
      {"kills and a place", [](Record& r) { r.resume().lifts = {"k1"}; }},
      {"a place without a count", [](Record& r) { r.resume().through.count = 0; }},
      {"a place without an epoch", [](Record& r) { r.resume().through.place.epoch = 0; }},
      {"a count without a place", [](Record& r) { r.resume().through.place.seq = 0; }},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Record record = largest(RecordKind::kResume);
    record.resume().lifts.clear();
    record.resume().through = through_all();
    row.bend(record);
    EXPECT_EQ(check_record(record).error().code, Errc::kMalformed);
    EXPECT_FALSE(sign_record(record, operator_key()));
  }
}

TEST(WrittenTest, H53_ARecordAboveABoundIsNeverSigned) {
  constexpr RecordKind kKill = RecordKind::kKill;
  constexpr RecordKind kResume = RecordKind::kResume;
  constexpr RecordKind kJoined = RecordKind::kBridgeJoined;
  const struct {
    const char* what;
    RecordKind kind;
    void (*bend)(Record&);
    Errc code;
  } rows[] = {
      {"an op id more", kResume, [](Record& r) { r.resume().lifts = op_ids(kLiftsMax + 1); },
       Errc::kTooMany},
      {"850 kills", kResume, [](Record& r) { r.resume().lifts = op_ids(850); }, Errc::kTooLarge},
      {"one kill 5,500 times", kResume, [](Record& r) { r.resume().lifts.assign(5'500, "k1"); },
       Errc::kTooLarge},
      {"a kill twice", kResume,
       [](Record& r) {
         r.resume().lifts = {"k1", "k2", "k1"};
       },
       Errc::kBadArgument},
      {"a longer op id there", kResume, [](Record& r) { r.resume().lifts = {letters(41)}; },
       Errc::kTooLarge},
      {"op id", kKill, [](Record& r) { r.op_id += 'a'; }, Errc::kTooLarge},
      {"no op id", kKill, [](Record& r) { r.op_id.clear(); }, Errc::kBadAddress},
      {"op id that is no segment", kKill, [](Record& r) { r.op_id = "K 1"; }, Errc::kBadAddress},
      {"actor", kKill, [](Record& r) { r.actor.name += 'a'; }, Errc::kTooLarge},
      {"actor that is no segment", kKill, [](Record& r) { r.actor.name = "J. Doe"; },
       Errc::kBadAddress},
      {"kind of actor", kKill, [](Record& r) { r.actor.kind = static_cast<ActorKind>(7); },
       Errc::kUnknownType},
      {"detail of the actor", kKill, [](Record& r) { r.actor.detail += 'a'; }, Errc::kTooLarge},
      {"reason", kResume, [](Record& r) { r.reason += 'a'; }, Errc::kTooLarge},
      {"reason that is not UTF-8", kResume, [](Record& r) { r.reason = "\xe4"; }, Errc::kMalformed},
      {"reason with ESC", kResume, [](Record& r) { r.reason = "\x1b[2J"; }, Errc::kMalformed},
      {"target", kKill, [](Record& r) { r.kill().given_as += 'a'; }, Errc::kTooLarge},
      {"kind", kKill, [](Record& r) { r.body = Skipped{static_cast<RecordKind>(99)}; },
       Errc::kUnknownType},
      {"mode", kKill, [](Record& r) { r.kill().mode = static_cast<KillMode>(3); },
       Errc::kUnknownType},
      {"pending", kResume, [](Record& r) { r.resume().pending = static_cast<PendingWork>(0); },
       Errc::kUnknownType},
      {"bridge", kJoined, [](Record& r) { joined(r).bridge += 'a'; }, Errc::kTooLarge},
      {"process", kJoined, [](Record& r) { joined(r).process += 'a'; }, Errc::kTooLarge},
      {"no process", kJoined, [](Record& r) { joined(r).process.clear(); }, Errc::kMalformed},
      {"key", kJoined, [](Record& r) { joined(r).key += 'a'; }, Errc::kTooLarge},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Record record = largest(row.kind);
    row.bend(record);
    const auto made = sign_record(record, operator_key());
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, row.code) << made.error();
    const Errc asked =
        record.is<Resume>() && record.resume().lifts.size() > kLiftsMax ? Errc::kTooMany : row.code;
    EXPECT_EQ(check_record(record).error().code, asked);
    const Bytes forged = testing::forged_record(record, operator_key());
    EXPECT_EQ(open_record(forged).error().code, row.code);
    record.seq = record.epoch = record.term = 0;
    EXPECT_FALSE(sign_order(record, testing::operator_creds("alice")));
  }
}

TEST(WrittenTest, AnOrderThatIsTooLargeIsNotSigned) {
  Record kill = largest(RecordKind::kKill);
  kill.seq = kill.epoch = kill.term = 0;
  const std::string creds = testing::operator_creds("alice");
  EXPECT_TRUE(sign_order(kill, creds));
  const std::string jwt = testing::user_jwt(testing::account_key(), operator_key(), letters(9'000));
  EXPECT_EQ(sign_order(kill, testing::creds(jwt, operator_key())).error().code, Errc::kTooLarge);
}

// A writer's answer for a message, and what the reader says to it.
struct Writing {
  const char* what;
  bool fits;
  std::function<Result<Bytes>()> write;
  std::function<Result<void>(const Bytes&)> read;
};

template <class T>
Result<void> as_void(const Result<T>& result) {
  return result ? Result<void>{} : passed_on(result);
}

template <class M>
Writing message(const char* what, bool fits, M made) {
  return {what, fits, [made] { return Result<Bytes>(encode(made)); },
          [made](const Bytes& bytes) {
            const auto read = decode<M>(bytes);
            EXPECT_TRUE(!read || *read == made);
            return as_void(read);
          }};
}

Writing lease(const char* what, bool fits, LeaseFrame frame) {
  return {what, fits, [frame] { return sign_lease(frame, operator_key()); },
          [](const Bytes& b) { return as_void(open_lease(b, operator_key().public_key())); }};
}

Writing receipt(const char* what, bool fits, BridgeReceipt made) {
  return {what, fits, [made] { return sign_receipt(made, operator_key()); },
          [](const Bytes& b) { return as_void(read_receipt(b)); }};
}

Writing stopped(const char* what, bool fits, StoppedReceipt made) {
  return {what, fits, [made] { return sign_stopped(made, operator_key()); },
          [](const Bytes& b) { return as_void(read_stopped(b)); }};
}

Writing intent(const char* what, bool fits, IntentHead head) {
  return {what, fits, [head] { return encode_intent(head); },
          [](const Bytes& b) { return as_void(decode_intent(b)); }};
}

BridgeBeat beat_of(const std::string& bridge, std::vector<Bytes> held) {
  BridgeBeat beat;
  beat.bridge = bridge;
  beat.process = kLongestProcess;
  beat.held = std::move(held);
  return beat;
}

LeaseFrame lease_of(const std::string& bridge, std::vector<Bytes> kills) {
  LeaseFrame frame;
  frame.leader = kLongestProcess;
  frame.grants = {{bridge, kLongestProcess, UINT64_MAX}};
  frame.uncommitted = std::move(kills);
  return frame;
}

BridgeReceipt receipt_of(const std::string& bridge, const std::string& op_id) {
  BridgeReceipt receipt;
  receipt.bridge = bridge;
  receipt.process = kLongestProcess;
  receipt.op_id = op_id;
  return receipt;
}

Hello hello_of(const std::string& spawned_by) {
  Hello hello;
  hello.process = kLongestProcess;
  hello.host = hello.runtime = letters(kNameMax_bytes);
  hello.spawned_by = spawned_by;
  return hello;
}

IntentHead intent_of(std::string_view id, std::string_view trace, std::string_view payload) {
  IntentHead head;
  head.id = id;
  head.trace = trace;
  head.payload = payload;
  return head;
}

TEST(WrittenTest, WhatIsWrittenIsReadAndWhatIsNotReadIsNotWritten) {
  const std::string id = op_ids(1)[0];
  const std::string segment = letters(kSegmentMax_bytes);
  const Bytes frame(kRecordMax_bytes, 'x');
  const std::string payload(kPayloadMax_bytes + 1, 'x');
  const std::string_view most = std::string_view(payload).substr(1);
  const std::string trace(65, 't');
  StoppedReceipt short_id;
  short_id.op_id = id;
  short_id.process = kLongestProcess;
  StoppedReceipt long_id;
  long_id.op_id = id + 'a';
  long_id.process = kLongestProcess;
  BridgeBeat odd = beat_of(segment, {});
  odd.state = static_cast<BridgeState>(9);
  const Bytes checkpoint(kCheckpointMax_bytes, 'x');
  const std::string key = letters(kKeyMax_bytes);
  const Writing cases[] = {
      message("beat", true, beat_of(segment, {frame})),
      message("beat: bridge", false, beat_of(segment + 'a', {})),
      message("beat: no bridge", false, beat_of("", {})),
      message("beat: a kill", false, beat_of(segment, {frame + 'x'})),
      message("beat: kills", true, beat_of(segment, std::vector<Bytes>(31, frame))),
      message("beat: one more kill", false, beat_of(segment, std::vector<Bytes>(32, frame))),
      message("beat: state", false, odd),
      lease("lease", true, lease_of(segment, {frame})),
      lease("lease: bridge", false, lease_of(segment + 'a', {})),
      lease("lease: a kill", false, lease_of(segment, {frame + 'x'})),
      lease("lease: kills", true, lease_of(segment, std::vector<Bytes>(31, frame))),
      lease("lease: one more kill", false, lease_of(segment, std::vector<Bytes>(32, frame))),
      receipt("receipt", true, receipt_of(segment, id)),
      receipt("receipt: bridge", false, receipt_of(segment + 'a', id)),
      receipt("receipt: op id", false, receipt_of(segment, id + 'a')),
      stopped("stopped", true, short_id),
      stopped("stopped: op id", false, long_id),
      stopped("stopped: no op id", false, StoppedReceipt{}),
      message("hello", true, hello_of(letters(kNameMax_bytes))),
      message("hello: spawned by", false, hello_of(letters(kNameMax_bytes + 1))),
      message("store", true, StoreRequest{StoreOp::kPut, key, 0, 0, checkpoint}),
      message("store: key", false, StoreRequest{StoreOp::kPut, key + 'a', 0, 0, ""}),
      message("store: no key", false, StoreRequest{StoreOp::kPut, "", 0, 0, ""}),
      message("store: bytes", false, StoreRequest{StoreOp::kPut, key, 0, 0, checkpoint + 'x'}),
      message("store: op", false, StoreRequest{static_cast<StoreOp>(6), key, 0, 0, ""}),
      message("log read", true, LogRead{UINT64_MAX}),
      intent("intent", true, intent_of(id, std::string_view(trace).substr(1), most)),
      intent("intent: id", false, intent_of(trace, "", "")),
      intent("intent: trace", false, intent_of(id, trace, "")),
      intent("intent: payload", false, intent_of(id, "", payload)),
  };
  for (const Writing& c : cases) {
    SCOPED_TRACE(c.what);
    const auto written = c.write();
    EXPECT_EQ(written.has_value(), c.fits) << (written ? Error{} : written.error());
    EXPECT_TRUE(!written || c.read(*written));
  }
}

// --- Replies: one always gets out ---

TEST(WrittenTest, TextsForPeopleAreCutToWhatTheirReaderTakes) {
  std::string sentence = letters(kReasonMax_bytes - 1) + "\u00e4 and more";
  StoreReply refused;
  refused.code = Errc::kSenderKilled;
  refused.detail = sentence;
  const auto read = decode<StoreReply>(encode(refused));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->code, Errc::kSenderKilled);
  EXPECT_EQ(read->detail, letters(kReasonMax_bytes - 1)) << "no half of a character";
  HelloReply no;
  no.code = Errc::kStoreUnavailable;
  no.detail = "bad \xff\x1b byte";
  EXPECT_EQ(decode<HelloReply>(encode(no)).value().detail, "bad ?? byte");
  EXPECT_EQ(decode<LogReadReply>(encode(LogReadReply{Errc::kNotFound, sentence, {}})).value().code,
            Errc::kNotFound);
  Hello hello;
  hello.process = kLongestProcess;
  hello.host = letters(1'000);
  hello.runtime = letters(1'000);
  EXPECT_EQ(decode<Hello>(encode(hello).value()).value().host, letters(kNameMax_bytes));
}

TEST(WrittenTest, InPlaceOfAReplyThatNobodyCouldReadGoesTheOneThatSaysSo) {
  const Latch latch = latch_of(largest(RecordKind::kKill));
  HelloReply hello;
  hello.latches.assign(300, latch);
  EXPECT_EQ(decode<HelloReply>(encode(hello)).value(), hello);
  hello.latches.assign(600, latch);
  EXPECT_EQ(decode<HelloReply>(encode(hello)).value().code, Errc::kTooLarge);
  BeatReply beat;
  beat.latches.assign(600, latch);
  EXPECT_EQ(decode<BeatReply>(encode(beat)).value().code, Errc::kNotFound) << "say hello";
  const StoreReply large{Errc::kOk, "", 1, EffectState::kNone,
                         Bytes(kCheckpointMax_bytes + 1, 'x')};
  EXPECT_EQ(decode<StoreReply>(encode(large)).value().code, Errc::kTooLarge);
  const LogReadReply record{Errc::kOk, "", Bytes(kRecordMax_bytes + 1, 'x')};
  EXPECT_EQ(decode<LogReadReply>(encode(record)).value().code, Errc::kTooLarge);
}

}  // namespace
}  // namespace estop::schemas
