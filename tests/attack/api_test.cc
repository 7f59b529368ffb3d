// The broker's own services: JetStream, and the accounts' claims.
#include <gtest/gtest.h>

#include "control/auth/accounts.h"
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

// H3, H29: a bridge may read the log, and the broker sends what it read wherever the asker says:
// also into the log, or to the request that deletes it. So a stolen credential of a bridge can cost
// the stream (keep it like control's), but it opens nothing.
class AttackByABridge : public ::testing::TestWithParam<const char*> {};

void reflect(RawNats& thief, const std::string& reply) {
  for (const char* asked : {R"({"seq":1})", R"({"seq":999999})", ""}) {
    thief.publish("$JS.API.DIRECT.GET.CONTROL", asked, reply);
  }
  thief.publish("$JS.API.STREAM.INFO.CONTROL", "", reply);
}

TEST_P(AttackByABridge, H3H29WhoCostsTheLogOpensNothing) {
  Scene scene;
  scene.site.kill("acme/prod/mallory", {{"wait", {"fenced", "durable"}}});
  RawAgent victim = scene.agent(mallory(), "k3j9x2ab");
  RawNats thief = scene.enter({bridge(), Account::kControl});
  reflect(thief, GetParam());
  (void)thief.sync();
  EXPECT_NE(victim.intent(0), "delivered");
}

INSTANTIATE_TEST_SUITE_P(Replies, AttackByABridge,
                         ::testing::Values("$JS.API.STREAM.DELETE.CONTROL", "estop.log"));

TEST(AttackApi, H3TheLogReflectedAnywhereElseChangesNothing) {
  Scene scene;
  const std::string before = scene.state();
  RawNats thief = scene.enter({bridge(), Account::kControl});
  for (const std::string& reply : every_target()) {
    const bool costs_the_log = reply == "estop.log" || reply == "$JS.API.STREAM.DELETE.CONTROL";
    if (!costs_the_log && !has_wildcard(reply)) reflect(thief, reply);
  }
  (void)thief.sync();
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
