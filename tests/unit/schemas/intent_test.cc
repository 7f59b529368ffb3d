// SPDX-License-Identifier: Apache-2.0

// The intent's head (H16, H17): what the bridge reads of every message.
#include <gtest/gtest.h>
#include <msgpack.hpp>

#include <random>

#include "schemas/codec.h"
#include "tests/support/forged.h"

namespace estop::schemas {
namespace {

IntentHead request() {
  IntentHead head;
  head.id = "k3j9x2ab-1f";
  head.incarnation = 70'000;
  head.ttl_ms = 5'000;
  head.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  head.flags = static_cast<std::uint32_t>(IntentFlag::kRequest);
  head.payload = "hello";
  head.reply_instance = "k3j9x2ab";
  return head;
}

IntentHead reply() {
  IntentHead head = request();
  head.flags = static_cast<std::uint32_t>(IntentFlag::kReply);
  head.reply_instance = "qqqqqqqq";
  return head;
}

TEST(IntentTest, AnIntentComesBackAsItWent) {
  for (const IntentHead& head : {request(), reply()}) {
    const Bytes bytes = encode_intent(head).value();
    const auto back = decode_intent(bytes);
    ASSERT_TRUE(back.has_value()) << back.error();
    EXPECT_EQ(back->id, head.id);
    EXPECT_EQ(back->incarnation, head.incarnation);
    EXPECT_EQ(back->ttl_ms, head.ttl_ms);
    EXPECT_EQ(back->trace, head.trace);
    EXPECT_EQ(back->flags, head.flags);
    EXPECT_EQ(back->payload, head.payload);
    EXPECT_EQ(back->reply_instance, head.reply_instance);
  }
}

TEST(IntentTest, WhatIsWrongIsRefusedByItsOwnCode) {
  const auto changed = [](auto change) {
    IntentHead head = request();
    change(head);
    EXPECT_FALSE(encode_intent(head));
    return testing::forged(head);
  };
  const Bytes good = encode_intent(request()).value();
  const Bytes large(kPayloadMax_bytes + 1, 'x');
  Bytes former = good;
  former[1] = 1;
  const auto tagged = [&](const Bytes& tags) { return good.substr(0, good.size() - 1) + tags; };
  const Bytes large_tag = Bytes("\x81\xcc\x80\xc5\x10\x01", 6) + Bytes(4'097, 'x');
  const struct {
    Bytes bytes;
    Errc code;
  } cases[] = {
      {"", Errc::kMalformed},
      {"{\"json\":1}", Errc::kMalformed},
      {Bytes(1'000'000, '\x91'), Errc::kMalformed},
      {Bytes("\xdd\xff\xff\xff\xff", 5), Errc::kMalformed},
      {tagged(Bytes("\x81\x7f\xc4\x01x", 5)), Errc::kUnknownType},
      {tagged(Bytes("\x82\xcc\x81\xc4\x00\xcc\x80\xc4\x00", 9)), Errc::kMalformed},
      {tagged(Bytes("\x81\xcc\x80\xa1x", 5)), Errc::kMalformed},
      {tagged(Bytes("\xde\x00\x01\xcc\x80\xc4\x00", 7)), Errc::kMalformed},
      {tagged(Bytes("\xde\x00\x11", 3)), Errc::kTooMany},
      {tagged(large_tag), Errc::kTooLarge},
      {former, Errc::kUnknownVersion},
      {good + "x", Errc::kTrailingBytes},
      {good.substr(0, good.size() - 1), Errc::kMalformed},
      {changed([](IntentHead& h) { h.id = ""; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.id = "a.b"; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.id = "a\r\nb"; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.trace = "a b"; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.flags = 8; }), Errc::kUnknownType},
      {changed([](IntentHead& h) { h.flags = 3; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.flags = 5; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.reply_instance = {}; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.reply_instance = "Bad"; }), Errc::kMalformed},
      {changed([](IntentHead& h) { h.flags = 0; }), Errc::kMalformed},
      {changed([&](IntentHead& h) { h.payload = large; }), Errc::kTooLarge},
  };
  for (const auto& c : cases) {
    const auto decoded = decode_intent(c.bytes);
    ASSERT_FALSE(decoded.has_value()) << hex(c.bytes.substr(0, 16));
    EXPECT_EQ(decoded.error().code, c.code) << hex(c.bytes.substr(0, 16));
  }
}

TEST(IntentTest, ATagThatMayBeSkippedIsSkipped) {
  const Bytes good = encode_intent(request()).value();
  const Bytes tagged = good.substr(0, good.size() - 1) + Bytes("\x81\xcc\x80\xc4\x01x", 6);
  const auto read = decode_intent(tagged);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->payload, request().payload);
}

// H16: two readers of one message must not see different things. The other reader here is
// msgpack-c.
TEST(IntentTest, H16_WhatIsAcceptedMeansTheSameToMsgpackAndIsItsShortestForm) {
  std::mt19937 random(20'240'601);
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    Bytes bytes = encode_intent(round % 2 == 0 ? request() : reply()).value();
    const int flips = static_cast<int>(random() % 4);
    for (int i = 0; i < flips; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 8 == 0) bytes.resize(random() % (bytes.size() + 1));
    const auto head = decode_intent(bytes);
    if (!head) continue;
    ++accepted;
    EXPECT_EQ(encode_intent(*head).value(), bytes);
    const auto other = msgpack::unpack(bytes.data(), bytes.size());
    const auto& fields = other->via.array;
    ASSERT_EQ(fields.ptr[1].as<std::string>(), head->id);
    ASSERT_EQ(fields.ptr[2].as<std::uint64_t>(), head->incarnation);
    ASSERT_EQ(fields.ptr[5].as<std::uint32_t>(), head->flags);
  }
  EXPECT_GT(accepted, 1'000U);
}

}  // namespace
}  // namespace estop::schemas
