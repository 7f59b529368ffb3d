// SPDX-License-Identifier: Apache-2.0

// The broker's own services: JetStream, and the accounts' claims.
#include <gtest/gtest.h>

#include "control/auth/accounts.h"
#include "schemas/codec.h"
#include "tests/attack/built_subjects.h"
#include "tests/attack/scene.h"

namespace estop::testing {
namespace {

using control::Account;

struct Request {
  const char* subject;
  std::string body;
};

std::vector<Request> requests_that_change_the_log() {
  return {{"$JS.API.STREAM.PURGE.CONTROL", ""},
          {"$JS.API.STREAM.DELETE.CONTROL", ""},
          {"$JS.API.STREAM.MSG.DELETE.CONTROL", R"({"seq":1,"no_erase":true})"},
          {"$JS.API.STREAM.UPDATE.CONTROL", R"({"name":"CONTROL","subjects":["x"],"max_msgs":1})"},
          {"$JS.API.STREAM.CREATE.MINE", R"({"name":"MINE","subjects":["estop.lease"]})"},
          {"$JS.API.CONSUMER.CREATE.CONTROL",
           R"({"stream_name":"CONTROL","config":{"deliver_subject":"estop.inbox.alice.x",)"
           R"("ack_policy":"none","deliver_policy":"all"}})"},
          {"$JS.API.CONSUMER.DURABLE.CREATE.CONTROL.x",
           R"({"stream_name":"CONTROL","config":{"durable_name":"x","ack_policy":"explicit",)"
           R"("deliver_subject":"estop.lease"}})"}};
}

// H3, H7, H38: requests that would work, asked by everybody but control.
TEST(AttackApi, H7H38NobodyChangesTheLogOrTheAccounts) {
  Scene scene;
  const std::string before = scene.state();
  std::vector<Request> requests = requests_that_change_the_log();
  for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
    const std::string older = control::account_jwt(scene.site.keys, account, {.issued_at_s = 1});
    const std::string newer =
        control::account_jwt(scene.site.keys, account, {.issued_at_s = 4'000'000'000});
    for (const std::string& jwt : {older, newer}) {
      requests.push_back({"$SYS.REQ.CLAIMS.UPDATE", jwt});
      requests.push_back({"$SYS.REQ.CLAIMS.DELETE", jwt});
    }
  }
  for (const Seat& seat : hostile_seats()) {
    RawNats attacker = scene.enter(seat);
    for (const Request& request : requests) {
      attacker.publish(request.subject, request.body, "estop.inbox.alice.x");
      EXPECT_EQ(attacker.sync().errors.size(), 1U) << name_of(seat) << ' ' << request.subject;
    }
  }
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

// H3, H29: JetStream's answers go wherever the asker says, also into the log or to the request that
// deletes it. So a bridge reads the log by asking control, who answers into its inbox alone.
TEST(AttackApi, H3H29ABridgeReadsTheLogIntoItsOwnInboxAlone) {
  Scene scene;
  const std::string before = scene.state();
  Canary in_control = scene.canary(Account::kControl);
  RawNats thief = scene.enter({bridge(), Account::kControl});
  for (const char* asked : {"$JS.API.DIRECT.GET.CONTROL", "$JS.API.STREAM.INFO.CONTROL"}) {
    thief.publish(asked, R"({"seq":1})", "$JS.API.STREAM.DELETE.CONTROL");
    EXPECT_EQ(thief.sync().errors.size(), 1U) << asked;
  }
  const std::string first = schemas::encode(schemas::LogRead{1});
  const std::string none = schemas::encode(schemas::LogRead{999'999});
  for (const std::string& reply : every_target()) {
    const bool is_own = reply.starts_with("estop.inbox.b1.");
    if (has_wildcard(reply) || is_own) continue;
    for (const std::string& asked : {first, none, std::string()}) {
      thief.publish("estop.read.b1", asked, reply);
    }
  }
  thief.subscribe("estop.inbox.b1.>", 1);
  thief.publish("estop.read.b1", first, "estop.inbox.b1.last");
  auto message = thief.next_message();
  while (message && message->subject != "estop.inbox.b1.last") message = thief.next_message();
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(schemas::decode<schemas::LogReadReply>(message->data)->code, schemas::Errc::kOk);
  EXPECT_EQ(in_control.unexpected(usual_in(Account::kControl) +
                                  std::vector<std::string>{"estop.read.b1", "estop.inbox.b1.>"}),
            std::vector<std::string>{});
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
