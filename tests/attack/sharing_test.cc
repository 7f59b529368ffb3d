// SPDX-License-Identifier: Apache-2.0

// One credential, more users than it was issued to: a thief has what its owner has and no more, and
// control notices.
#include <gtest/gtest.h>

#include "tests/attack/scene.h"

namespace estop::testing {
namespace {

using control::Account;

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

class AttackSharing : public ::testing::Test {
 protected:
  // The test's agents never beat: they live for ten beats.
  AttackSharing() {
    site_.control_options = "--sharing-grace-ms 1000 --agent-beat-ms 1500";
    (void)site_.creds(control::ControlRole{}, Account::kSys);
  }

  void start() {
    site_.start_control();
    ASSERT_TRUE(site_.leads()) << site_.log("control");
    site_.start_bridge();
    ASSERT_TRUE(site_.is_open()) << site_.log("bridge");
  }
  RawNats enter_with(const control::Role& role, Account account) {
    return RawNats::connect(site_.broker->port(), read_text(site_.creds(role, account))).value();
  }
  // The alarm's lines of control's log; waits until there is one about `whose`.
  bool alarmed(const std::string& whose) {
    return site_.until([&] { return alarms(whose) > 0; });
  }
  std::size_t alarms(const std::string& whose) {
    return count(site_.log("control"), R"("kind":"credential-shared","text":")" + whose + ": ");
  }

  Site site_;
};

TEST_F(AttackSharing, H13AStolenCredentialIsItsOwnersAndRaisesOneAlarm) {
  start();
  site_.join("acme/prod/mailer", "k3j9x2ab");
  RawAgent thief(enter_with(mailer(), Account::kAgents), "acme.prod.mailer", "th1efth1");
  EXPECT_TRUE(alarmed("acme/prod/mailer")) << site_.log("control");

  // What it sends is the owner's: in another name the broker refuses it, whatever it says inside.
  EXPECT_EQ(thief.intent(0), "delivered");
  thief.socket().publish("estop.intent.acme.prod.mallory.th1efth1.acme.prod.mailer.email.send",
                         "x");
  thief.socket().publish("estop.deliver.acme.prod.mailer.acme.prod.mallory.email.send", "x");
  EXPECT_EQ(thief.socket().sync().errors.size(), 2U);

  // The next alarm comes after it: no second one was raised for the first thief meanwhile.
  RawNats other = enter_with(mallory(), Account::kAgents);
  EXPECT_TRUE(alarmed("acme/prod/mallory")) << site_.log("control");
  EXPECT_EQ(alarms("acme/prod/mailer"), 1U);
  const std::string audit = site_.ask("audit", Json::object()).answers.back().dump();
  EXPECT_EQ(count(audit, "alarm-credential-shared"), 2U) << audit;
}

// The three have been there for longer than the thief who is noticed.
TEST_F(AttackSharing, H13InstancesThatAnnouncedThemselvesShareACredential) {
  start();
  for (const char* instance : {"aaaaaaa1", "aaaaaaa2", "aaaaaaa3"}) {
    site_.join("acme/prod/mailer", instance);
  }
  RawNats thief = enter_with(mallory(), Account::kAgents);
  EXPECT_TRUE(alarmed("acme/prod/mallory")) << site_.log("control");
  EXPECT_EQ(alarms("acme/prod/mailer"), 0U) << site_.log("control");
}

TEST_F(AttackSharing, H13WhoWasThereBeforeControlIsInTheBrokersList) {
  RawNats thief = enter_with(mallory(), Account::kAgents);
  start();
  EXPECT_TRUE(alarmed("acme/prod/mallory")) << site_.log("control");
}

TEST_F(AttackSharing, H13ABridgesCredentialIsForOneProcessAnOperatorsForMany) {
  start();
  RawNats thief = enter_with(bridge(), Account::kControl);
  const control::Role alice = control::OperatorRole{*schemas::Segment::parse("alice"), true};
  RawNats first = enter_with(alice, Account::kControl);
  RawNats second = enter_with(alice, Account::kControl);
  EXPECT_TRUE(alarmed("bridge-b1")) << site_.log("control");
  EXPECT_EQ(count(site_.log("control"), "credential-shared"), 1U) << site_.log("control");
}

}  // namespace
}  // namespace estop::testing
