// SPDX-License-Identifier: Apache-2.0

// Rights for a part of the fleet: the subject of an order says how far its credential reaches, and
// the broker vouches for the subject. Hazard H65.
#include <gtest/gtest.h>

#include "schemas/order.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

schemas::Scope scope(const std::string& text) {
  return schemas::Scope::parse(text).value();
}

// The credentials of alice, who may order for acme/prod and revoke there.
std::string creds_of_prod() {
  const schemas::SigningKey user = testing::operator_key();
  std::string allowed = "estop.emergency.alice.acme.prod";
  for (const char* verb : {"kill", "resume", "approve", "revoke"}) {
    allowed += R"(",")" + std::string("estop.command.alice.") + verb + ".acme.prod";
  }
  return testing::creds(testing::user_jwt(testing::account_key(), user, allowed), user);
}

class Reach : public ::testing::Test {
 protected:
  Reach() {
    world.takes_unsigned = false;
    world.restart();
    world.open("b1");
  }
  [[nodiscard]] bool holds(const std::string& op_id) const {
    return world.core->ledger().latches().find(op_id) != nullptr;
  }
  // Nothing is done, and its operator hears why.
  void expect_refused(const std::string& inbox) {
    EXPECT_EQ(world.error(inbox), "not-permitted");
    const Json answer = world.answers(inbox).back();
    EXPECT_NE(answer["error"]["detail"].get<std::string>().find("reaches acme/prod/* only"),
              std::string::npos)
        << answer;
  }
  World world;
};

TEST_F(Reach, H65_AKillOutsideIsRefusedAndOneInsideActs) {
  world.reach = scope("acme/prod/*");
  for (const char* outside : {"*", "acme/*", "acme/staging/*", "acme/staging/x", "acm/prod/x"}) {
    SCOPED_TRACE(outside);
    expect_refused(world.kill(outside, "k-outside"));
    EXPECT_FALSE(holds("k-outside"));
  }
  for (const char* inside : {"acme/prod/*", "acme/prod/x", "acme/prod/x@k3j9x2ab"}) {
    SCOPED_TRACE(inside);
    EXPECT_EQ(world.error(world.kill(inside, "k-" + std::to_string(world.audit.size()))), "");
  }
  EXPECT_EQ(world.core->ledger().latches().all().size(), 3U);
}

TEST_F(Reach, H65_AResumeOutsideIsRefusedThoughItIsSigned) {
  world.kill("acme/*", "k1");
  world.kill("acme/prod/x", "k2");
  world.receipt("b1", "k1");
  world.receipt("b1", "k2");
  world.reach = scope("acme/prod/*");
  const auto resume = [&](const char* whom, const char* op_id, const char* lifts) {
    return world.ask_signed("resume",
                            {{"scope", whom},
                             {"reason", "link is fixed"},
                             {"op_id", op_id},
                             {"lifts", Json::array({lifts})}},
                            creds_of_prod(), "alice");
  };
  expect_refused(resume("acme/*", "r1", "k1"));
  EXPECT_TRUE(holds("k1"));
  EXPECT_EQ(world.error(resume("acme/prod/x", "r2", "k2")), "");
  EXPECT_FALSE(holds("k2"));
}

// What it was signed with has to allow this verb on this subject: a former, wider credential of the
// same person is no proof for a narrower connection, nor the other way round.
TEST_F(Reach, H65_AProofOfAnotherReachProvesNothing) {
  world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  const Json resume{{"scope", "acme/prod/x"},
                    {"reason", "link is fixed"},
                    {"op_id", "r1"},
                    {"lifts", Json::array({"k1"})}};
  world.reach = scope("acme/prod/*");
  EXPECT_EQ(
      world.error(world.ask_signed("resume", resume, testing::operator_creds("alice"), "alice")),
      "not-permitted");
  world.reach = {};
  EXPECT_EQ(world.error(world.ask_signed("resume", resume, creds_of_prod(), "alice")),
            "not-permitted");
  EXPECT_TRUE(holds("k1"));
}

TEST_F(Reach, H65_NobodyOutsideIsRevoked) {
  world.reach = scope("acme/prod/*");
  for (const char* outside : {"acme/staging/x", "bob", "b1"}) {
    expect_refused(world.ask_signed("revoke", {{"who", outside}, {"reason", "lost"}},
                                    creds_of_prod(), "alice"));
  }
  EXPECT_TRUE(world.withdrawals.empty());
  world.ask_signed("revoke", {{"who", "acme/prod/x"}, {"reason", "lost"}}, creds_of_prod(),
                   "alice");
  EXPECT_EQ(world.withdrawals.size(), 1U);
}

TEST_F(Reach, H65_AnOrderToTheBridgesOutsideIsNotCounted) {
  world.reach = scope("acme/staging/*");
  world.emergency(world.order("acme/prod/x", "k1", "alice"));
  world.pass(100);
  EXPECT_FALSE(holds("k1"));
  EXPECT_EQ(world.audited("alarm-forged-order"), 1U);
}

// A former admin kept a copy: its list allows everything on every subject of hers.
TEST_F(Reach, H65_AProofByARevokedCredentialProvesNothing) {
  world.reach = scope("acme/prod/*");
  const Json kill{{"scope", "acme/prod/x"}, {"reason", "r"}, {"op_id", "k1"}, {"revoke", true}};
  AccountsCompared compared;
  compared.operators_revoked = {testing::operator_key().public_key()};
  world.send(compared);
  const auto inbox = world.ask_signed("kill", kill, testing::admin_creds("alice"), "alice");
  EXPECT_EQ(world.error(inbox), "not-permitted");
  EXPECT_EQ(world.audited("alarm-forged-order"), 1U);
  compared.operators_revoked.emplace();
  world.send(compared);
  EXPECT_EQ(world.error(world.ask_signed("kill", kill, testing::admin_creds("alice"), "alice")),
            "");
}

TEST_F(Reach, EverybodyMayLookAtEverything) {
  world.kill("acme/staging/x", "k1");
  world.reach = scope("acme/prod/*");
  EXPECT_EQ(world.error(world.ask("ps", {{"filter", "acme/staging/*"}})), "");
}

}  // namespace
}  // namespace estop::control
