// SPDX-License-Identifier: Apache-2.0

// Protocol injection: line breaks, NUL, wildcards, overlong subjects and header bombs in every
// field that an agent chooses, on the wire and within messages.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/attack/scene.h"
#include "tests/support/forged.h"

namespace estop::testing {
namespace {

using control::Account;

// What a naive part would paste into a subject, a protocol line or a header.
std::vector<std::string> evil_texts() {
  using namespace std::string_literals;
  return {"x\r\nPUB estop.control.all 6\r\nattack\r\n",
          "x\r\nNats-Service-Error: no\r\nEstop-Error: 0\r\n\r\n",
          "x\nestop.log",
          "x\0y"s,
          "x y",
          "x\ty",
          "*",
          ">",
          "x.>",
          "..",
          "",
          ".",
          "x.y",
          "acme.prod.mailer.k3j9x2ab.reply.i1",
          "$SYS.REQ.CLAIMS.UPDATE",
          "\xff\xfe",
          "X",
          std::string(5'000, 'x')};
}

class AttackInjection : public ::testing::Test {
 protected:
  // Every message that goes out of `attacker` by itself or by somebody who was misled.
  void expect_nobody_was_misled() {
    const auto own = lists_of({mallory(), Account::kAgents});
    EXPECT_EQ(
        in_agents_.unexpected(usual_in(Account::kAgents) + own.publish +
                              std::vector<std::string>{"estop.inbox.acme.prod.mallory.>",
                                                       "estop.deliver.*.*.*.acme.prod.mallory.>"}),
        std::vector<std::string>{});
    EXPECT_EQ(in_control_.unexpected(usual_in(Account::kControl)), std::vector<std::string>{});
    EXPECT_EQ(scene_.state(), before_);
    EXPECT_EQ(scene_.what_is_broken(), "");
  }

  Scene scene_;
  std::string before_ = scene_.state();
  Canary in_agents_ = scene_.canary(Account::kAgents);
  Canary in_control_ = scene_.canary(Account::kControl);
};

// H14: on the wire, behind what its credential allows. The broker may close the connection.
TEST_F(AttackInjection, H14SubjectsAndReplies) {
  for (const std::string& pattern : lists_of({mallory(), Account::kAgents}).publish) {
    const std::string allowed = pattern.substr(0, pattern.size() - 1);
    for (const std::string& evil : evil_texts()) {
      RawNats attacker = scene_.enter({mallory(), Account::kAgents});
      attacker.publish(allowed + evil, "attack");
      attacker.publish(allowed + "k3j9x2ab." + evil, "attack",
                       "estop.inbox.acme.prod.mallory." + evil);
      attacker.publish(allowed + "k3j9x2ab", encode(some_hello()).value(),
                       "estop.inbox.acme.prod.mallory.k3j9x2ab." + evil);
      attacker.subscribe("estop.deliver.acme.prod.mallory." + evil, 1);
      attacker.subscribe("estop.inbox.acme.prod.mallory.>", 2, evil);
      (void)attacker.sync();
    }
  }
  RawAgent(scene_.agent(mallory(), "k3j9x2ab")).settle();
  expect_nobody_was_misled();
}

// H14, H20: within messages that control and the bridge read.
TEST_F(AttackInjection, H14H20FieldsOfMessages) {
  RawAgent agent = scene_.agent(mallory(), "k3j9x2ab");
  ASSERT_EQ(agent.hello().code, schemas::Errc::kOk);
  const std::string reply = agent.subject("inbox") + ".rpc.x";
  for (const std::string& evil : evil_texts()) {
    for (std::string schemas::Hello::*field :
         {&schemas::Hello::host, &schemas::Hello::runtime, &schemas::Hello::spawned_by}) {
      schemas::Hello hello = some_hello();
      hello.*field = evil;
      agent.socket().publish(agent.subject("hello"), forged(hello), reply);
    }
    for (const auto op : {schemas::StoreOp::kPut, schemas::StoreOp::kGet,
                          schemas::StoreOp::kEffectBegin, schemas::StoreOp::kEffectFinish}) {
      agent.socket().publish(agent.subject("checkpoint"),
                             forged(schemas::StoreRequest{op, evil, 0, 0, evil}), reply);
    }
    schemas::StoppedReceipt receipt;
    receipt.op_id = evil;
    agent.socket().publish(
        agent.subject("stopped"),
        forged_stopped(receipt, schemas::SigningKey::generate(schemas::KeyRole::kUser)));
    for (std::string_view schemas::IntentHead::*field :
         {&schemas::IntentHead::id, &schemas::IntentHead::trace, &schemas::IntentHead::payload,
          &schemas::IntentHead::reply_instance}) {
      for (const std::uint32_t flags : {0U, 1U, 2U, 6U, 0xffffffffU}) {
        schemas::IntentHead head;
        head.id = "i1";
        head.flags = flags;
        head.*field = evil;
        agent.socket().publish(agent.intent_subject(), forged(head), reply);
      }
    }
  }
  agent.settle();
  expect_nobody_was_misled();
}

// H18: headers of an agent reach nobody, and many or large ones hurt nobody.
TEST_F(AttackInjection, H18Headers) {
  RawAgent agent = scene_.agent(mallory(), "k3j9x2ab");
  ASSERT_EQ(agent.hello().code, schemas::Errc::kOk);
  std::string many = "NATS/1.0\r\n";
  for (int i = 0; i < 20'000; ++i) many += fmt::format("K{}: v\r\n", i);
  const std::string large = "NATS/1.0\r\nEstop-Error: " + std::string(300'000, 'x') + "\r\n";
  schemas::IntentHead head;
  head.id = "i1";
  const std::string intent = encode_intent(head).value();
  for (const std::string& headers :
       {many, large,
        std::string("NATS/1.0\r\nNats-Service-Error-Code: 403\r\nEstop-Error: 4030\r\n"),
        std::string("NATS/1.0\r\nNats-Expected-Last-Sequence: 0\r\nNats-Rollup: all\r\n"),
        std::string("NATS/1.0 503\r\n"), std::string("no headers at all\r\n"),
        std::string("\r\n")}) {
    for (const std::string& subject :
         {agent.intent_subject(), agent.subject("hello"), agent.subject("beat"),
          agent.subject("checkpoint"), agent.subject("stopped")}) {
      agent.socket().send(fmt::format("HPUB {} {} {}\r\n{}\r\n{}\r\n", subject, headers.size() + 2,
                                      headers.size() + 2 + intent.size(), headers, intent));
    }
  }
  const std::string said = agent.socket().drain();
  EXPECT_EQ(said.find("HMSG estop.deliver."), std::string::npos) << said;
  expect_nobody_was_misled();
}

}  // namespace
}  // namespace estop::testing
