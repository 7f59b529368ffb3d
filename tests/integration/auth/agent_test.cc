// SPDX-License-Identifier: Apache-2.0

// A hostile agent with its own valid credential and a bare socket, against the real broker.
//
// Whatever it says, only its own subjects work: the broker refuses the rest and nobody hears it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "schemas/limits.h"
#include "tests/integration/auth/auth_broker.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

using control::Account;
using schemas::Subjects;

class HostileAgent : public ::testing::Test {
 protected:
  AuthBroker broker_;
  control::Permissions own_ =
      *control::permissions(mallory(), Account::kAgents, Subjects::standard());
};

// The broker's answer, after everything before it was handled.
std::string answer(RawNats& client) {
  const RawAnswers answers = client.sync();
  if (answers.closed) return "closed";
  return answers.errors.empty() ? "fine" : answers.errors.front();
}

std::string refusal(const char* direction, const std::string& subject) {
  return fmt::format("'Permissions Violation for {} to \"{}\"", direction, subject);
}

std::string texts(const std::vector<RawMessage>& messages) {
  std::string text;
  for (const RawMessage& message : messages) text += message.subject + "=" + message.data + "\n";
  return text;
}

// H1, H2, H7: deliveries, inboxes, replies, control, other agents' subjects, the JetStream and
// system API.
TEST_F(HostileAgent, H1H2H7CanPublishOnlyOnItsOwnSubjects) {
  RawNats in_agents = broker_.witness(Account::kAgents);
  RawNats in_control = broker_.witness(Account::kControl);
  RawNats in_sys = broker_.witness(Account::kSys);
  RawNats attacker = broker_.user(mallory(), Account::kAgents);
  for (const std::string& subject : every_subject()) {
    if (covered(subject, own_.publish)) continue;
    attacker.publish(subject, "attack");
    EXPECT_TRUE(answer(attacker).starts_with(refusal("Publish", subject))) << subject;
  }
  EXPECT_EQ(texts(in_agents.sync().messages), "");
  EXPECT_EQ(texts(in_control.sync().messages), "");
  EXPECT_EQ(texts(in_sys.sync().messages).find("attack"), std::string::npos);
}

// H19: what is larger than anything that an agent has to say, and subscriptions without end.
TEST_F(HostileAgent, H19SendsNothingHugeAndSubscribesNotForEver) {
  const std::string own = "estop.beat.acme.prod.mallory.k3j9x2ab";
  RawNats in_agents = broker_.witness(Account::kAgents);
  RawNats loud = broker_.user(mallory(), Account::kAgents);
  loud.publish(own, std::string(schemas::kMessageMax_bytes, 'x'));
  EXPECT_EQ(answer(loud), "fine");
  EXPECT_FALSE(in_agents.sync().messages.empty());
  loud.publish(own, std::string(schemas::kMessageMax_bytes + 1, 'x'));
  EXPECT_NE(answer(loud), "fine");
  EXPECT_EQ(texts(in_agents.sync().messages), "");
  RawNats greedy = broker_.user(mallory(), Account::kAgents);
  for (std::size_t sid = 1; sid <= schemas::kSubscriptionsMax + 1; ++sid) {
    greedy.subscribe("estop.inbox.acme.prod.mallory.>", static_cast<int>(sid));
  }
  EXPECT_TRUE(answer(greedy).starts_with("'maximum subscriptions exceeded'")) << answer(greedy);
}

// H4: eavesdropping with and without wildcards. H6: joining a queue group of bridges or victims.
TEST_F(HostileAgent, H4H6CanSubscribeOnlyToItsOwnSubjects) {
  RawNats attacker = broker_.user(mallory(), Account::kAgents);
  int sid = 0;
  for (const std::string& subject : every_subject()) {
    if (covered(subject, own_.subscribe)) continue;
    attacker.subscribe(subject, ++sid);
    EXPECT_TRUE(answer(attacker).starts_with(refusal("Subscription", subject))) << subject;
    attacker.subscribe(subject, ++sid, "bridge");
    EXPECT_TRUE(answer(attacker).starts_with(refusal("Subscription", subject))) << subject;
  }
  RawNats witness = broker_.witness(Account::kAgents);
  for (const std::string& subject : every_subject()) {
    const bool wildcard = subject.find_first_of("*>") != std::string::npos;
    if (wildcard || subject.front() == '$' || covered(subject, own_.subscribe)) continue;
    witness.publish(subject, "secret");
  }
  ASSERT_FALSE(witness.sync().messages.empty());
  EXPECT_EQ(texts(attacker.sync().messages), "");
}

TEST_F(HostileAgent, HasItsOwnSubjects) {
  RawNats witness = broker_.witness(Account::kAgents);
  RawNats agent = broker_.user(mallory(), Account::kAgents);
  int sid = 0;
  for (const std::string& subject : own_.subscribe) agent.subscribe(subject, ++sid);
  agent.publish("estop.intent.acme.prod.mallory.k3j9x2ab.acme.prod.mailer.email.send", "hello");
  EXPECT_EQ(answer(agent), "fine");
  EXPECT_EQ(texts(witness.sync().messages),
            "estop.intent.acme.prod.mallory.k3j9x2ab.acme.prod.mailer.email.send=hello\n");
  witness.publish("estop.deliver.acme.prod.mallory.acme.prod.mailer.email.sent", "1");
  witness.publish("estop.inbox.acme.prod.mallory.k3j9x2ab.rpc.x", "2");
  witness.publish("estop.control.all", "3");
  witness.publish("estop.control.acme.prod.mallory", "4");
  EXPECT_EQ(answer(witness), "fine");
  EXPECT_EQ(texts(agent.sync().messages),
            "estop.deliver.acme.prod.mallory.acme.prod.mailer.email.sent=1\n"
            "estop.inbox.acme.prod.mallory.k3j9x2ab.rpc.x=2\n"
            "estop.control.all=3\nestop.control.acme.prod.mallory=4\n");
}

// Below its inbox an agent chooses how deep it listens: §9 of PROTOCOL.md, the runtime, a narrow
// client. nats-server 2.9.10 compares a pattern with the allow-list token by token.
TEST_F(HostileAgent, HearsRepliesHoweverItListensBelowItsInbox) {
  const std::string inbox = "estop.inbox.acme.prod.mallory.k3j9x2ab.";
  const std::string reply = inbox + "reply.i1.acme.prod.mailer";
  for (const std::string& pattern :
       {inbox + '>', inbox + "reply.>", inbox + "reply.*.*.*.*", inbox + "*.*.*.*.*", reply}) {
    RawNats witness = broker_.witness(Account::kAgents);
    RawNats agent = broker_.user(mallory(), Account::kAgents);
    agent.subscribe(pattern, 1);
    EXPECT_EQ(answer(agent), "fine") << pattern;
    witness.publish(reply, "1");
    EXPECT_EQ(answer(witness), "fine");
    EXPECT_EQ(texts(agent.sync().messages), reply + "=1\n") << pattern;
  }
}

// H2: the asker's reply subject gives no right to answer it.
TEST_F(HostileAgent, H2CannotAnswerTheReplySubjectOfAMessage) {
  RawNats witness = broker_.witness(Account::kAgents);
  RawNats attacker = broker_.user(mallory(), Account::kAgents);
  attacker.subscribe("estop.deliver.acme.prod.mallory.>", 1, "acme.prod.mallory");
  ASSERT_EQ(answer(attacker), "fine");
  for (const std::string reply :
       {"_INBOX.b.1", "estop.inbox.acme.prod.mailer.k3j9x2ab.reply.i1.acme.prod.mallory"}) {
    witness.publish("estop.deliver.acme.prod.mallory.acme.prod.mailer.ask", "?", reply);
    ASSERT_EQ(answer(witness), "fine");
    ASSERT_TRUE(attacker.next_message(std::chrono::seconds(5)).has_value());
    attacker.publish(reply, "answer");
    EXPECT_TRUE(answer(attacker).starts_with(refusal("Publish", reply)));
  }
  EXPECT_EQ(texts(witness.sync().messages).find("answer"), std::string::npos);
}

std::string ask(RawNats& client, const std::string& subject, const std::string& body) {
  client.publish(subject, body, "estop.inbox.control.test");
  while (const auto message = client.next_message(std::chrono::seconds(5))) {
    if (message->subject == "estop.inbox.control.test") return message->data;
  }
  return "no answer";
}

// The part of a stream's info that an attack would change.
std::string state_in(const std::string& info) {
  const std::size_t begin = info.find("\"state\"");
  return begin == std::string::npos ? info : info.substr(begin, info.find('}', begin) - begin);
}

// H3: no responder at the broker answers an agent, wherever its reply subject points.
TEST_F(HostileAgent, H3ReplySubjectsReachNobody) {
  RawNats control = broker_.user(control::ControlRole{}, Account::kControl);
  control.subscribe("estop.inbox.control.>", 1);
  const std::string made =
      ask(control, "$JS.API.STREAM.CREATE.CONTROL",
          R"({"name":"CONTROL","subjects":["estop.log"],"storage":"file","allow_direct":true,)"
          R"("deny_delete":true,"deny_purge":true,"max_consumers":-1,"max_msgs":-1,)"
          R"("max_bytes":-1,"max_age":0,"retention":"limits","discard":"old","num_replicas":1})");
  ASSERT_NE(made.find("\"state\""), std::string::npos) << made;
  ASSERT_NE(ask(control, "estop.log", "record").find("\"seq\":1"), std::string::npos);
  RawNats in_control = broker_.witness(Account::kControl);
  const std::string before = state_in(ask(control, "$JS.API.STREAM.INFO.CONTROL", ""));
  // The broker tells of each request to JetStream, in its own time: of this one it has told.
  std::string told;
  ASSERT_TRUE(testing::wait_until([&] {
    told += texts(in_control.sync().messages);
    return told.find("$JS.API.STREAM.INFO.CONTROL") != std::string::npos;
  }));
  RawNats in_agents = broker_.witness(Account::kAgents);
  RawNats attacker = broker_.user(mallory(), Account::kAgents);
  std::size_t sent = 0;
  for (const std::string& pattern : own_.publish) {
    const std::string subject = pattern.substr(0, pattern.size() - 1) + "k3j9x2ab";
    for (const std::string& reply : every_subject()) {
      if (reply.find_first_of("*>") != std::string::npos) continue;
      attacker.publish(subject, "attack", reply);
      ++sent;
    }
  }
  // Each is heard once or refused (the broker refuses `$JS.ACK` as a reply), and nothing answers.
  const std::size_t refused = attacker.sync().errors.size();
  EXPECT_EQ(in_agents.sync().messages.size(), sent - refused);
  EXPECT_LT(refused, sent / 10);
  EXPECT_EQ(texts(in_control.sync().messages), "");
  EXPECT_EQ(state_in(ask(control, "$JS.API.STREAM.INFO.CONTROL", "")), before);
}

// H7: not even a user of the agents' account who may say anything finds a JetStream there.
TEST_F(HostileAgent, H7TheAgentsAccountHasNoJetStream) {
  RawNats witness = broker_.witness(Account::kAgents);
  EXPECT_NE(ask(witness, "$JS.API.INFO", "").find("not enabled for account"), std::string::npos);
  EXPECT_NE(ask(witness, "$JS.API.STREAM.CREATE.MINE",
                R"({"name":"MINE","subjects":["estop.intent.>"],"storage":"memory"})")
                .find("not enabled for account"),
            std::string::npos);
}

}  // namespace
}  // namespace estop::testing
