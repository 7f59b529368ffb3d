// SPDX-License-Identifier: Apache-2.0

// The broker's full resolver: what it does with a pushed account, and after a loss. What control's
// claims writer relies on.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/auth/auth_broker.h"

namespace estop::testing {
namespace {

using control::Account;
using schemas::Subjects;

class Resolver : public ::testing::Test {
 protected:
  std::string ask(const std::string& subject, const std::string& body) {
    RawNats control = broker_.user(control::ControlRole{}, Account::kSys);
    control.subscribe("estop.inbox.control.>", 1);
    control.publish(subject, body, "estop.inbox.control.x");
    const auto answer = control.next_message();
    return answer ? answer->data : "no answer";
  }
  void push(const std::string& jwt) {
    const std::string answer = ask(Subjects::standard().sys_claims_update().str(), jwt);
    ASSERT_NE(answer.find("\"code\":200"), std::string::npos) << answer;
  }
  std::string kept() {
    return ask(
        Subjects::standard().sys_claims_lookup(broker_.keys().agents_account.public_text()).str(),
        "");
  }
  [[nodiscard]] bool lets_in(const std::string& creds) const {
    return RawNats::connect(broker_.port(), creds).has_value();
  }

  AuthBroker broker_;
  const std::string mallory_ = broker_.creds(mallory(), Account::kAgents);
  const std::string mailer_ = broker_.creds(mailer(), Account::kAgents);
};

TEST_F(Resolver, ARevokedUserIsCutOffAndRefusedAndNobodyElseIs) {
  auto attacker = RawNats::connect(broker_.port(), mallory_);
  auto victim = RawNats::connect(broker_.port(), mailer_);
  ASSERT_TRUE(attacker && victim);
  push(broker_.agents_jwt(mallory_, 1));
  EXPECT_EQ(attacker->read_line(), "-ERR 'User Authentication Revoked'");
  EXPECT_TRUE(attacker->sync().closed);
  EXPECT_FALSE(lets_in(mallory_));
  EXPECT_FALSE(victim->sync().closed);
  EXPECT_TRUE(lets_in(mailer_));
}

TEST_F(Resolver, ANewKeyOfARevokedAddressIsLetIn) {
  push(broker_.agents_jwt(mallory_, 1));
  EXPECT_TRUE(lets_in(broker_.creds(mallory(), Account::kAgents)));
}

TEST_F(Resolver, TellsWhichJwtItHas) {
  const std::string jwt = broker_.agents_jwt(mallory_, 1);
  push(jwt);
  EXPECT_EQ(kept(), jwt);
}

// The preloaded JWT is older than the one that was pushed: it does not bring the revoked one back.
TEST_F(Resolver, ARestartForgetsNoRevocation) {
  push(broker_.agents_jwt(mallory_, 1));
  broker_.stop();
  broker_.start();
  EXPECT_FALSE(lets_in(mallory_));
  EXPECT_TRUE(lets_in(mailer_));
}

TEST_F(Resolver, ALostFolderIsFilledFromTheConfiguration) {
  push(broker_.agents_jwt(mallory_, 1));
  broker_.stop();
  std::filesystem::remove_all(broker_.resolver_folder());
  broker_.start();
  EXPECT_EQ(kept(), broker_.agents_jwt("", 0));
  EXPECT_TRUE(lets_in(mailer_));
}

// H38: why somebody has to look: the broker takes an older JWT, and with it the revocation is gone.
TEST_F(Resolver, H38TheBrokerItselfTakesAnOlderJwt) {
  push(broker_.agents_jwt(mallory_, 2));
  push(broker_.agents_jwt("", 1));
  EXPECT_TRUE(lets_in(mallory_));
}

}  // namespace
}  // namespace estop::testing
