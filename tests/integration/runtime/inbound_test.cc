// SPDX-License-Identifier: Apache-2.0

// Whatever comes in and cannot be read: for each subject of an agent and each fault, what happens.
#include <algorithm>

#include "schemas/codec.h"
#include "tests/integration/runtime/fixture.h"

namespace estop::testing {
namespace {

constexpr const char* kDelivery = "estop.deliver.acme.prod.mailer.acme.prod.peer.echo";
constexpr const char* kOrders = "estop.control.all";
constexpr std::size_t kRecordMax_bytes = 16 * 1024;

// The body of a kill of somebody else with another byte in one place; `op_id` is `k1`.
enum class Part : std::uint8_t { kVersion, kKind, kNothing };

Bytes body_with(Part part, char value) {
  schemas::Record record;
  record.op_id = "k1";
  record.epoch = record.term = record.seq = 1;
  record.kill().scope = *schemas::Scope::parse("acme/prod/other");
  record.actor.name = "alice";
  record.reason = "r";
  const auto stranger = schemas::SigningKey::generate(schemas::KeyRole::kOperator);
  Bytes frame = schemas::sign_record(record, stranger).value().frame;
  constexpr std::size_t kBody = 4;        // behind 93 02 c4 <length>
  constexpr std::size_t kSignature = 66;  // c4 40 and 64 bytes
  Bytes body = frame.substr(kBody, frame.size() - kBody - kSignature);
  constexpr std::size_t kVersionAt = 1;           // behind 9c
  constexpr std::size_t kKindAt = 3 + 9 + 2 + 1;  // behind op id, actor, reason, issued_at_ms
  if (part == Part::kVersion) body[kVersionAt] = value;
  if (part == Part::kKind) body[body.find("\xa2k1") + kKindAt] = value;
  return body;
}

Bytes intent(std::uint32_t flags, const std::string& id, std::size_t payload_bytes = 1) {
  schemas::IntentHead head;
  head.id = id;
  head.flags = flags;
  const Bytes payload(payload_bytes, 'x');
  head.payload = payload;
  const std::string instance = "k3j9x2ab";
  if (flags != 0) head.reply_instance = instance;
  return schemas::encode_intent(head).value();
}

Bytes changed(Bytes bytes, std::size_t at, char value) {
  bytes[at] = value;
  return bytes;
}

class Inbound : public RuntimeTest {
 protected:
  std::ptrdiff_t hellos() {
    const auto all = control_.hellos();
    return std::count_if(all.begin(), all.end(), [](const auto& one) { return !one.goodbye; });
  }
};

struct OrderRow {
  const char* fault;
  std::function<Bytes(FakeControl&)> bytes;
  bool stops;
};

TEST_F(Inbound, AnOrderThatCannotBeReadStopsOnlyIfControlSignedIt) {
  const auto as_stranger = [](FakeControl& control, const Bytes& body) {
    Bytes frame = control.seal(body);
    frame.back() = static_cast<char>(frame.back() ^ 1);
    return frame;
  };
  const OrderRow rows[] = {
      {"nothing", [](auto&) { return Bytes(); }, false},
      {"unreadable", [](auto&) { return Bytes("hello"); }, false},
      {"too large", [](auto&) { return Bytes(kRecordMax_bytes + 1, 'x'); }, false},
      {"bad signature, unreadable", [&](auto& control) { return as_stranger(control, "\x93\x01"); },
       false},
      {"bad signature, unknown kind",
       [&](auto& control) { return as_stranger(control, body_with(Part::kKind, 99)); }, false},
      {"bad signature, other version",
       [&](auto& control) { return as_stranger(control, body_with(Part::kVersion, 1)); }, false},
      {"bad signature, a kill of others",
       [&](auto& control) { return as_stranger(control, body_with(Part::kNothing, 0)); }, false},
      {"unknown kind", [](auto& control) { return control.seal(body_with(Part::kKind, 99)); },
       true},
      {"other version", [](auto& control) { return control.seal(body_with(Part::kVersion, 1)); },
       true},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.fault);
    Agent agent = connect("acme/prod/mailer");
    const auto before = hellos();
    control_.say(kOrders, row.bytes(control_));
    if (row.stops) {
      EXPECT_TRUE(wait_until([&] { return agent.stop_order().has_value(); }));
      EXPECT_EQ(agent.stop_order()->cause, StopCause::kNotUnderstood);
      continue;
    }
    EXPECT_TRUE(wait_until([&] { return agent.stats().bad_signatures == 1; }));
    const auto beat = control_.last_beat().nonce;
    EXPECT_TRUE(wait_until([&] { return control_.last_beat().nonce > beat; }));
    EXPECT_FALSE(agent.stop_requested());
    EXPECT_EQ(agent.life(), 1U);
    EXPECT_EQ(hellos(), before);
  }
}

TEST_F(Inbound, ADeliveryThatCannotBeReadIsDroppedAndCounted) {
  Agent agent = connect("acme/prod/mailer");
  Agent peer = connect("acme/prod/peer");
  std::atomic<int> handled{0};
  ASSERT_TRUE(agent.handle("echo", [&](const Intent&, std::stop_token) {
    ++handled;
    return Result<Bytes>("");
  }));
  ASSERT_TRUE(reaches(peer, "acme/prod/mailer"));
  const auto good = intent(0, "one");
  constexpr std::size_t kFlagsAt = 9;  // 99 02 a3 "one" incarnation ttl_ms trace flags
  const std::pair<const char*, Bytes> rows[] = {
      {"nothing", Bytes()},
      {"unreadable", "hello"},
      {"unknown kind", changed(good, kFlagsAt, 8)},
      {"a reply", changed(good, kFlagsAt, 2)},
      {"other version", changed(good, 1, 1)},
      {"bytes behind the end", good + "x"},
      {"too large", good.substr(0, kFlagsAt + 1) + Bytes("\xc6\x00\x04\x00\x01", 5) +
                        Bytes(schemas::kPayloadMax_bytes + 1, 'x')},
  };
  for (const auto& [fault, bytes] : rows) {
    const auto before = agent.stats().dropped;
    const int ran = handled;
    control_.say(kDelivery, bytes);
    EXPECT_TRUE(wait_until([&] { return agent.stats().dropped == before + 1; })) << fault;
    EXPECT_EQ(handled, ran) << fault;
  }
  const int ran = handled;
  control_.say(kDelivery, good);
  EXPECT_TRUE(wait_until([&] { return handled == ran + 1; }));
  EXPECT_FALSE(agent.stop_requested());
}

TEST_F(Inbound, AReplyThatCannotBeReadAnswersNothing) {
  AgentOptions named = options("acme/prod/asker");
  named.instance = "k3j9x2ab";
  Agent asker = connect(named);
  constexpr std::uint32_t kReply = 2;
  const std::string inbox = "estop.inbox.acme.prod.asker.k3j9x2ab.reply.one.acme.prod.silent";
  const auto good = intent(kReply, "one");
  for (const auto& [fault, bytes] : std::initializer_list<std::pair<const char*, Bytes>>{
           {"nothing", Bytes()},
           {"unreadable", "hello"},
           {"other version", changed(good, 1, 1)},
           {"no reply", intent(0, "one")},
           {"of another id", intent(kReply, "two")},
           {"bytes behind the end", good + "x"}}) {
    const auto before = asker.stats().dropped;
    control_.say(inbox, bytes);
    EXPECT_TRUE(wait_until([&] { return asker.stats().dropped == before + 1; })) << fault;
  }
  EXPECT_FALSE(asker.stop_requested());
}

TEST_F(Inbound, AMessageOnASubjectThatIsNoneOfAnInboxIsDroppedAndCounted) {
  AgentOptions named = options("acme/prod/asker");
  named.instance = "k3j9x2ab";
  Agent asker = connect(named);
  constexpr std::uint32_t kReply = 2;
  for (const char* rest : {"reply.one", "reply.one.acme.prod", "reply.one.acme.prod.Silent",
                           "refused.one.acme.prod.silent", "refused"}) {
    const auto before = asker.stats().dropped;
    control_.say(std::string("estop.inbox.acme.prod.asker.k3j9x2ab.") + rest,
                 intent(kReply, "one"));
    EXPECT_TRUE(wait_until([&] { return asker.stats().dropped == before + 1; })) << rest;
  }
  EXPECT_EQ(asker.stats().refused, 0U);
}

// What another bridge than that of the request forwards: mallory knows the id, and calls itself so
// that its subject ends like a refusal of it.
TEST_F(Inbound, H64_AReplyByAnotherAddressThanTheAskedIsIgnored) {
  constexpr std::uint32_t kReply = 2;
  std::atomic<int> alarms{0};
  std::atomic<int> size{-1};
  AgentOptions named = options("acme/prod/asker");
  named.instance = "k3j9x2ab";
  Agent asker = connect(named);
  asker.on_error([&](const Error& error) {
    if (error.code == Errc::kNotPermitted && error.detail.find("acme/prod/mallory replied") == 0 &&
        error.detail.find("asked of acme/prod/silent") != std::string::npos) {
      ++alarms;
    }
  });
  const auto passed = control_.passed();
  asker.request_async(
      "acme/prod/silent", "echo", "", Millis{600'000},
      [&](const Result<Bytes>& answer) { size = answer ? static_cast<int>(answer->size()) : -2; });
  ASSERT_TRUE(wait_until([&] { return control_.passed() > passed; }));
  const std::string id = control_.last_passed();
  const std::string inbox = "estop.inbox.acme.prod.asker.k3j9x2ab.reply." + id + '.';
  std::uint64_t foreign = 0;
  for (const std::string& from :
       {std::string("acme.prod.mallory"), std::string("acme.prod.mallory"), "acme.refused." + id,
        "reply." + id + ".silent", std::string("acme.prod.silent2")}) {
    control_.say(inbox + from, intent(kReply, id, 2));
    ++foreign;
    EXPECT_TRUE(wait_until([&] { return asker.stats().foreign_replies == foreign; })) << from;
  }
  control_.say(inbox + "acme.prod.mallory", "hello");  // cannot even be read
  EXPECT_TRUE(wait_until([&] { return asker.stats().foreign_replies == foreign + 1; }));
  EXPECT_EQ(size, -1) << "it goes on waiting";
  control_.say(inbox + "acme.prod.silent", intent(kReply, id, 1));
  EXPECT_TRUE(wait_until([&] { return size == 1; }));
  EXPECT_EQ(alarms, 1) << "once a request; told in the order in which it came";
  EXPECT_EQ(asker.stats().refused, 0U);
}

TEST_F(Inbound, ARefusalWithoutANumberIsARefusal) {
  AgentOptions named = options("acme/prod/asker");
  named.instance = "k3j9x2ab";
  Agent asker = connect(named);
  std::atomic<int> code{-1};
  asker.on_refused([&](const Refusal& one) { code = static_cast<int>(one.error.code); });
  control_.say("estop.inbox.acme.prod.asker.k3j9x2ab.refused.one", "");
  EXPECT_TRUE(wait_until([&] { return code == static_cast<int>(Errc::kInternal); }));
}

// Whoever asked waited for its whole time, though the answer was there and no better one would
// come.
TEST_F(Inbound, ARequestWhoseReplyCannotBeReadFailsAtOnce) {
  constexpr std::uint32_t kReply = 2;
  AgentOptions named = options("acme/prod/asker");
  named.instance = "k3j9x2ab";
  Agent asker = connect(named);
  const auto good = intent(kReply, "one");
  constexpr std::size_t kFlagsAt = 9;
  const std::tuple<const char*, Bytes, Errc> rows[] = {
      {"nothing", Bytes(), Errc::kMalformed},
      {"other version", changed(good, 1, 1), Errc::kUnknownVersion},
      {"of another id", good, Errc::kMalformed},
      {"too large",
       good.substr(0, kFlagsAt + 1) + Bytes("\xc6\x00\x04\x00\x01", 5) +
           Bytes(schemas::kPayloadMax_bytes + 1, 'x') + "\xa8k3j9x2ab\x80",
       Errc::kTooLarge},
      {"far too large", Bytes(600 * 1024, 'x'), Errc::kMalformed},
  };
  for (const auto& [fault, bytes, expected] : rows) {
    const auto passed = control_.passed();
    std::atomic<int> code{-1};
    asker.request_async("acme/prod/silent", "echo", "", Millis{600'000},
                        [&code](const Result<Bytes>& answer) {
                          code = answer ? 0 : static_cast<int>(answer.error().code);
                        });
    ASSERT_TRUE(wait_until([&] { return control_.passed() > passed; })) << fault;
    const std::string inbox = "estop.inbox.acme.prod.asker.k3j9x2ab.reply.";
    control_.say(inbox + control_.last_passed() + ".acme.prod.silent", bytes);
    EXPECT_TRUE(wait_until([&] { return code == static_cast<int>(expected); }))
        << fault << " " << code;
  }
}

}  // namespace
}  // namespace estop::testing
