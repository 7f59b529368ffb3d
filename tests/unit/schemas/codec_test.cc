// SPDX-License-Identifier: Apache-2.0

// Control messages: round trips, and every way in which bytes can be wrong (H17, H45).
#include "schemas/codec.h"

#include <gtest/gtest.h>

#include "tests/support/forged.h"

namespace estop::schemas {
namespace {

SigningKey key(std::uint8_t fill) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(fill);
  return SigningKey::from_bytes(KeyRole::kUser, bytes);
}

const Process kProcess = "process1";

Record kill_record() {
  Record record;
  record.epoch = 1;
  record.term = 2;
  record.seq = 7;
  record.op_id = "op-1";
  record.kill().scope = *Scope::parse("acme/prod/campaign");
  record.kill().grace_ms = 10'000;
  record.actor.name = "alice";
  record.reason = "broken unsubscribe link";
  record.issued_at_ms = 1'700'000'000'000;
  return record;
}

TEST(RecordTest, ASignedRecordOpensToWhatWasSigned) {
  const auto control = key(1);
  const auto made = sign_record(kill_record(), control).value();
  const auto opened = open_record(made.frame);
  ASSERT_TRUE(opened.has_value()) << opened.error();
  EXPECT_EQ(opened->record, kill_record());
  EXPECT_EQ(opened->hash, made.hash);
  EXPECT_TRUE(verify_record(*opened, control.public_key()));
}

TEST(RecordTest, H30_ARecordOfAnotherKeyDoesNotVerify) {
  const auto made = sign_record(kill_record(), key(1)).value();
  EXPECT_FALSE(verify_record(made, key(2).public_key()));
}

TEST(RecordTest, H30_NoFlippedBitGoesUnnoticed) {
  const auto control = key(1);
  const auto made = sign_record(kill_record(), control).value();
  for (std::size_t at = 0; at < made.frame.size(); ++at) {
    Bytes bent = made.frame;
    bent[at] = static_cast<char>(bent[at] ^ 1);
    const auto opened = open_record(bent);
    EXPECT_FALSE(opened && verify_record(*opened, control.public_key())) << "byte " << at;
  }
}

TEST(RecordTest, H30_ASignedBodyOfOneKindDoesNotPassAsAnother) {
  const auto control = key(1);
  const auto made = sign_record(kill_record(), control).value();
  EXPECT_EQ(open_lease(made.frame, control.public_key()).error().code, Errc::kBadSignature);
  EXPECT_FALSE(verify_receipt(made.frame, control.public_key()));
}

TEST(RecordTest, H45_AnUnknownRecordKindIsAnErrorAndNotAKill) {
  auto record = kill_record();
  record.body = Skipped{static_cast<RecordKind>(99)};
  EXPECT_EQ(open_record(testing::forged_record(record, key(1))).error().code, Errc::kUnknownType);
}

TEST(CodecTest, EveryMessageComesBackAsItWent) {
  const Latch latch = latch_of(kill_record());
  BridgeBeat beat{"b1", kProcess, 9, BridgeState::kOpen, {1, 2, {}}, {}, {2, {1, 2, 130}}};
  beat.refused = 4;
  beat.held = {"frame"};
  EXPECT_EQ(*decode<BridgeBeat>(encode(beat).value()), beat);
  const Hello hello{{}, kProcess, "host", 42, "estop-cpp/0.1.0", "acme/prod/boss", true};
  EXPECT_EQ(*decode<Hello>(encode(hello).value()), hello);
  const HelloReply welcome{Errc::kOk, "", 3, 5000, 15000, {latch}, {{"part-1", 4, 100}}};
  EXPECT_EQ(*decode<HelloReply>(encode(welcome)), welcome);
  const Beat pulse{kProcess, 1, 2, true, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(*decode<Beat>(encode(pulse).value()), pulse);
  const BeatReply lease{1, Errc::kNotFound, 2, {latch}};
  EXPECT_EQ(*decode<BeatReply>(encode(lease)), lease);
  EXPECT_EQ(*decode<LogRead>(encode(LogRead{4'711})), LogRead{4'711});
  const LogReadReply read{Errc::kNotFound, "no such sequence", Bytes("\0\xff", 2)};
  EXPECT_EQ(*decode<LogReadReply>(encode(read)), read);
  const StoreRequest put{StoreOp::kPut, "part-1", 3, 2, Bytes("\0\xff", 2)};
  EXPECT_EQ(*decode<StoreRequest>(encode(put).value()), put);
  const StoreReply stored{Errc::kVersionConflict, "newer", 4, EffectState::kBegun, "x"};
  EXPECT_EQ(*decode<StoreReply>(encode(stored)), stored);
}

TEST(CodecTest, SignedFramesComeBackAsTheyWent) {
  const auto signer = key(3);
  LeaseFrame lease{"c3d4e5f6", 1};
  lease.head = {1, 2, {}};
  lease.grants = {{"b1", kProcess, 7}, {"b2", kProcess, 8}};
  lease.uncommitted = {"kill"};
  lease.round = lease.uncommitted_count = 5;
  EXPECT_EQ(*open_lease(sign_lease(lease, signer).value(), signer.public_key()), lease);
  EXPECT_EQ(open_lease(sign_lease(lease, key(4)).value(), signer.public_key()).error().code,
            Errc::kBadSignature);
  const BridgeReceipt receipt{"b1", kProcess, 4, "op-1", 1, 7, RecordKind::kResume, 1, 2, 3};
  EXPECT_EQ(*read_receipt(sign_receipt(receipt, signer).value()), receipt);
  EXPECT_TRUE(verify_receipt(sign_receipt(receipt, signer).value(), signer.public_key()));
  const StoppedReceipt stopped{"op-1", kProcess, 7, StopStage::kStopped, 1, 2, true, 3};
  EXPECT_EQ(*read_stopped(sign_stopped(stopped, signer).value()), stopped);
  EXPECT_FALSE(verify_stopped(sign_stopped(stopped, key(4)).value(), signer.public_key()));
}

TEST(CodecTest, TheFaultIsNamedByItsOwnCode) {
  Beat beat;
  beat.process = kProcess;
  const Bytes good = encode(beat).value();
  Bytes other_version = good;
  other_version[1] = 1;
  Bytes wrong_type = good;
  constexpr std::size_t kNonce = 1 + 1 + 9;  // behind array, version, process
  wrong_type[kNonce] = static_cast<char>(0xc3);
  const struct {
    Bytes bytes;
    Errc code;
  } cases[] = {
      {"", Errc::kMalformed},
      {"garbage", Errc::kTrailingBytes},
      {"\x05", Errc::kMalformed},
      {other_version, Errc::kUnknownVersion},
      {wrong_type, Errc::kMalformed},
      {good + "x", Errc::kTrailingBytes},
      {good.substr(0, good.size() - 1), Errc::kMalformed},
      {"\x91\x02", Errc::kMalformed},
      {Bytes(kControlMessageMax_bytes + 1, '\0'), Errc::kTooLarge},
  };
  for (const auto& c : cases) {
    const auto decoded = decode<Beat>(c.bytes);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code, c.code) << hex(c.bytes.substr(0, 16));
  }
}

// Room for later fields: what this version does not know, it skips or refuses as its sender says.
TEST(CodecTest, TagsBelow128HaveToBeUnderstoodAndOthersAreSkipped) {
  const Bytes good = encode(LogRead{7});
  const auto with = [&](const Bytes& tags) { return good.substr(0, good.size() - 1) + tags; };
  Bytes seventeen("\xde\x00\x11", 3);
  for (int tag = 0; tag < 17; ++tag) {
    seventeen += "\xcc" + Bytes(1, static_cast<char>(128 + tag)) + Bytes("\xc4\x00", 2);
  }
  const Bytes large = Bytes("\x81\xcc\x80\xc5\x10\x01", 6) + Bytes(4'097, 'x');
  const struct {
    const char* what;
    Bytes tags;
    Errc code;
  } cases[] = {
      {"none", "\x80", Errc::kOk},
      {"one to skip", Bytes("\x81\xcc\x80\xc4\x01x", 6), Errc::kOk},
      {"one to understand", Bytes("\x81\x7f\xc4\x01x", 5), Errc::kUnknownType},
      {"the same twice", Bytes("\x82\xcc\x80\xc4\x00\xcc\x80\xc4\x00", 9), Errc::kMalformed},
      {"not in order", Bytes("\x82\xcc\x81\xc4\x00\xcc\x80\xc4\x00", 9), Errc::kMalformed},
      {"no number", Bytes("\x81\xa1k\xc4\x00", 5), Errc::kMalformed},
      {"no bytes", Bytes("\x81\xcc\x80\x01", 4), Errc::kMalformed},
      {"over 255", Bytes("\x81\xcd\x01\x00\xc4\x00", 6), Errc::kMalformed},
      {"17", seventeen, Errc::kTooMany},
      {"over 4 KiB", large, Errc::kTooLarge},
      {"a list", "\x90", Errc::kMalformed},
  };
  for (const auto& c : cases) {
    const auto read = decode<LogRead>(with(c.tags));
    EXPECT_EQ(read ? Errc::kOk : read.error().code, c.code) << c.what;
  }
}

// A kind from 128 on is a record like any other, without an effect.
TEST(RecordTest, ARecordOfAKindThatMayBeSkippedIsRead) {
  Record note = kill_record();
  note.body = Skipped{static_cast<RecordKind>(130)};
  const auto made = sign_record(note, key(1));
  ASSERT_TRUE(made) << made.error();
  EXPECT_EQ(open_record(made->frame).value().record, note);
  EXPECT_TRUE(is_skippable(note.kind()));
  EXPECT_FALSE(is_skippable(RecordKind::kKill));
}

// Versions before wrote what the resume asked for: their logs stay readable.
TEST(RecordTest, AResumeWithAReservedFateOfItsWorkIsRead) {
  for (const auto pending : {PendingWork::kHold, PendingWork::kDiscard, PendingWork::kDeadLetter}) {
    Record resume = kill_record();
    resume.body = Resume{.scope = resume.scope()};
    resume.resume().lifts = {"op-0"};
    resume.resume().incarnation = 1;
    resume.resume().pending = pending;
    const auto made = sign_record(resume, key(1));
    ASSERT_TRUE(made) << made.error();
    EXPECT_EQ(open_record(made->frame).value().record, resume);
  }
}

TEST(CodecTest, TextWithControlCharactersOrBrokenUtf8IsRefused) {
  for (const char* text :
       {"\x1b[2J", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    Hello hello;
    hello.process = kProcess;
    hello.host = text;
    EXPECT_EQ(decode<Hello>(testing::forged(hello)).error().code, Errc::kMalformed) << hex(text);
  }
}

TEST(BoundsTest, H17_BombsAreRefusedByName) {
  const struct {
    Bytes bytes;
    Errc code;
  } cases[] = {
      {Bytes(1'000'000, '\x91'), Errc::kTooDeep},
      {Bytes(17, '\x91') + "\x01", Errc::kTooDeep},
      {Bytes("\xdd\xff\xff\xff\xff", 5), Errc::kTooMany},
      {Bytes("\xdf\xff\xff\xff\xff", 5), Errc::kTooMany},
      {Bytes("\xdc\xff\xff", 3), Errc::kTooMany},
      {Bytes("\xc6\xff\xff\xff\xff", 5), Errc::kMalformed},
      {Bytes("\xdb\xff\xff\xff\xff", 5), Errc::kMalformed},
      {Bytes("\xd4\x01\x01", 3), Errc::kMalformed},
      {Bytes("\x82\xa1"
             "a\x01\xa1"
             "a\x02",
             7),
       Errc::kDuplicateKey},
      {Bytes("\x81\x91\x01\x01", 4), Errc::kMalformed},
      {Bytes("\x01\x01", 2), Errc::kTrailingBytes},
      {Bytes("\xc1", 1), Errc::kMalformed},
  };
  for (const auto& c : cases) {
    const auto checked = check_bounds(c.bytes);
    ASSERT_FALSE(checked.has_value()) << hex(c.bytes.substr(0, 16));
    EXPECT_EQ(checked.error().code, c.code) << hex(c.bytes.substr(0, 16));
  }
  EXPECT_TRUE(check_bounds(Bytes(16, '\x91') + "\x01").has_value());
}

TEST(JsonTest, ACommandIsTheSameInBothForms) {
  const std::string json = R"({"grace_ms":10000,"n":-1,"reason":"why","wait":["fenced"],"x":null})";
  const Bytes packed = from_json(json, Form::kMsgpack);
  const auto back = to_json(packed);
  ASSERT_TRUE(back.has_value()) << back.error();
  EXPECT_EQ(back->json, json);
  EXPECT_EQ(back->form, Form::kMsgpack);
  EXPECT_EQ(to_json(json)->form, Form::kJson);
}

TEST(JsonTest, AMsgpackCommandWithADuplicateKeyOrBytesIsRefused) {
  EXPECT_EQ(to_json(Bytes("\x82\xa1"
                          "a\x01\xa1"
                          "a\x02",
                          7))
                .error()
                .code,
            Errc::kDuplicateKey);
  EXPECT_EQ(to_json(Bytes("\x81\xa1"
                          "a\xc4\x01z",
                          6))
                .error()
                .code,
            Errc::kMalformed);
}

}  // namespace
}  // namespace estop::schemas
