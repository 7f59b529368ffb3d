// SPDX-License-Identifier: Apache-2.0

// A control and a bridge of different Estops, one of which knows a kind of record less: what both
// read goes on; what only one of them reads is not written, unless it stops somebody.
#include <gtest/gtest.h>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

class Kinds : public ::testing::Test {
 protected:
  void start() {
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    site.start_bridge();
    ASSERT_TRUE(site.is_open()) << site.log("bridge");
  }
  Site site;
};

TEST_F(Kinds, ARecordThatAJoinedBridgeDoesNotReadIsHeldBackAndTheBridgeNamed) {
  site.bridge_program = ESTOP_BRIDGE_FEWER;
  start();
  EXPECT_EQ(site.kill("acme/prod/x", {{"op_id", "k1"}}).stage("fenced")["n"], 1);
  const Order refused = site.resume("acme/prod/x");
  EXPECT_EQ(refused.error(), "unknown-type") << refused.answers.back();
  const std::string why = refused.answers.back()["error"]["detail"];
  EXPECT_NE(why.find("bridge b1"), std::string::npos) << why;
  EXPECT_TRUE(site.is_open()) << "it was not closed by a record that it cannot read";
  EXPECT_EQ(site.kills_in_force(), 1U);

  // Updated, it is one more process of that name; the old one has to be gone first.
  ASSERT_TRUE(site.bridge.terminate(kPatience).ok());
  site.bridge_program.clear();
  site.start_bridge();
  ASSERT_TRUE(site.is_open()) << site.log("bridge");
  EXPECT_TRUE(site.until([&] { return site.resume("acme/prod/x").error().empty(); }));
  EXPECT_EQ(site.kills_in_force(), 0U);
}

TEST_F(Kinds, ABridgeThatMeetsOneInTheLogStaysClosedAndSaysWhich) {
  start();
  EXPECT_EQ(site.kill("acme/prod/x").stage("fenced")["n"], 1);
  EXPECT_EQ(site.resume("acme/prod/x").error(), "");
  ASSERT_TRUE(site.bridge.terminate(kPatience).ok());
  site.bridge_program = ESTOP_BRIDGE_FEWER;
  site.start_bridge();
  EXPECT_TRUE(site.until([&] {
    return site.log("bridge").find("closed for good") != std::string::npos;
  })) << site.log("bridge");
  EXPECT_NE(site.log("bridge").find("unknown-type"), std::string::npos) << site.log("bridge");
}

TEST_F(Kinds, AControlThatReadsLessLeadsBridgesThatReadMoreAndRefusesALogThatItDoesNot) {
  site.control_program = ESTOP_CONTROL_FEWER;
  start();
  EXPECT_EQ(site.kill("acme/prod/x").stage("fenced")["n"], 1);
  EXPECT_TRUE(site.control.terminate(kPatience).ok());

  site.control_program.clear();
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  EXPECT_TRUE(site.until([&] { return site.resume("acme/prod/x").error().empty(); }));
  EXPECT_TRUE(site.control.terminate(kPatience).ok());

  site.control_program = ESTOP_CONTROL_FEWER;
  site.start_control();
  const auto ended = site.control.wait(kPatience);
  ASSERT_TRUE(ended) << site.log("control");
  EXPECT_FALSE(ended->ok());
  EXPECT_NE(site.log("control").find("is of a newer Estop"), std::string::npos)
      << site.log("control");
}

}  // namespace
}  // namespace estop::testing
