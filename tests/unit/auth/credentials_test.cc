// SPDX-License-Identifier: Apache-2.0

// Issued, replaced, withdrawn: the register and the rules of who gets a new credential.
#include "control/auth/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "control/auth/accounts.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/people.h"

namespace estop::control {
namespace {

using schemas::Address;
using schemas::Errc;
using schemas::Scope;
using schemas::Segment;
using schemas::Subjects;

class Credentials : public ::testing::Test {
 protected:
  [[nodiscard]] std::string folder() const { return temp_.path().string(); }
  auto issue(const Role& role, Issue how = Issue::kIfNeeded, std::uint64_t now_s = kNow_s) const {
    return issue_creds(folder(), keys_, role, Subjects::standard(), now_s, how);
  }
  [[nodiscard]] std::string user(const Role& role) const {
    return schemas::key_from_creds(estop::testing::read_text(issue(role)->front()))->public_text();
  }
  auto revoke(const std::string& who, std::uint64_t now_s = kNow_s + 10) const {
    return revoke_credentials(
        folder(), keys_, [&](const Credential& one) { return person(one.role) == who; }, now_s);
  }
  // "acme/prod/mailer valid" and so on.
  [[nodiscard]] std::vector<std::string> listed() const {
    std::vector<std::string> lines;
    const auto all = list_credentials(folder(), keys_);
    for (const Credential& one : *all) {
      lines.push_back(std::string(kind(one.role)) + ' ' + person(one.role) +
                      (one.revoked_at_s == 0 ? " valid" : " revoked"));
    }
    return lines;
  }
  [[nodiscard]] std::vector<Credential> valid_of(const std::string& who) const {
    auto all = list_credentials(folder(), keys_).value();
    std::erase_if(all, [&](const Credential& one) {
      return person(one.role) != who || one.revoked_at_s != 0;
    });
    return all;
  }
  using Lines = std::vector<std::string>;

  estop::testing::TempDir temp_;
  Keyring keys_ = Keyring::generate();
};

Role alice_of(const char* reach, bool is_admin = false) {
  return OperatorRole{*schemas::Segment::parse("alice"), is_admin, *schemas::Scope::parse(reach)};
}

// Whoever has a copy of the former file would keep what he may no longer do.
TEST_F(Credentials, H65WithLessThanBeforeHaveANewKeyAndTheOldOneIsRevoked) {
  const struct {
    Role before;
    Role after;
    bool is_less;
  } rows[] = {
      {alice_of("*"), alice_of("acme/prod/*"), true},
      {alice_of("acme/*"), alice_of("acme/prod/*"), true},
      {alice_of("acme/prod/*"), alice_of("acme/staging/*"), true},
      {alice_of("*", true), alice_of("*"), true},
      {alice_of("acme/prod/*"), alice_of("acme/*"), false},
      {alice_of("*"), alice_of("*", true), false},
      {alice_of("acme/*"), alice_of("acme/*"), false},
  };
  for (const auto& row : rows) {
    ASSERT_TRUE(issue(row.before, Issue::kAnew).has_value());
    const auto before = valid_of("alice");
    ASSERT_EQ(before.size(), 1U);
    ASSERT_TRUE(issue(row.after, Issue::kIfNeeded).has_value());
    const auto after = valid_of("alice");
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(before[0].user != after[0].user, row.is_less)
        << reach_of(row.before).text() << " to " << reach_of(row.after).text();
    EXPECT_EQ(reach_of(after[0].role), reach_of(row.after));
    EXPECT_EQ(kind(after[0].role), kind(row.after));
  }
}

TEST_F(Credentials, AreRegisteredWhenIssuedAndOnlyOnce) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(issue(kMailer).has_value());
    ASSERT_TRUE(issue(OperatorRole{*Segment::parse("root"), true}).has_value());
    ASSERT_TRUE(issue(BridgeRole{*Segment::parse("b1")}).has_value());
  }
  EXPECT_EQ(listed(), (Lines{"agent acme/prod/mailer valid", "admin root valid", "bridge b1 valid",
                             "bridge b1 valid"}));
}

TEST_F(Credentials, ThatWereMadeBeforeThereWasARegisterComeIntoIt) {
  ASSERT_TRUE(issue(kMailer).has_value());
  std::filesystem::remove(register_path(folder()));
  ASSERT_TRUE(issue(kMailer).has_value());
  EXPECT_EQ(listed(), Lines{"agent acme/prod/mailer valid"});
}

TEST_F(Credentials, RotatedHaveANewKeyAndTheOldOneIsRevoked) {
  const std::string old = user(kMailer);
  ASSERT_TRUE(issue(kMailer, Issue::kAnew).has_value());
  EXPECT_NE(user(kMailer), old);
  EXPECT_EQ(listed(), (Lines{"agent acme/prod/mailer revoked", "agent acme/prod/mailer valid"}));
}

TEST_F(Credentials, RevokedAreReplacedOnlyOnRequest) {
  const std::string old = user(kAlice);
  ASSERT_EQ(revoke("alice")->size(), 1U);
  const auto used = open_creds(folder(), keys_, kAlice, Account::kControl, Subjects::standard(), 1);
  EXPECT_EQ(used.error().code, Errc::kUnauthenticated);
  EXPECT_NE(user(kAlice), old);
}

TEST_F(Credentials, ARevocationCoversWhatWasIssuedBeforeTheClockWentBack) {
  ASSERT_TRUE(issue(kMailer, Issue::kIfNeeded, kNow_s).has_value());
  const auto revoked = revoke("acme/prod/mailer", 7);
  ASSERT_TRUE(revoked.has_value());
  EXPECT_EQ(revoked->front().revoked_at_s, kNow_s);
}

TEST_F(Credentials, ARevokedNameIsFreeForAnotherRole) {
  ASSERT_TRUE(issue(kAlice).has_value());
  EXPECT_FALSE(issue(ViewerRole{*Segment::parse("alice")}).has_value());
  ASSERT_TRUE(revoke("alice").has_value());
  EXPECT_TRUE(issue(ViewerRole{*Segment::parse("alice")}).has_value());
}

TEST_F(Credentials, ADamagedRegisterIsNamed) {
  ASSERT_TRUE(issue(kAlice).has_value());
  estop::testing::write_text(register_path(folder()), "{\"role\":\"operator\"}\n");
  const auto opened = list_credentials(folder(), keys_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().detail.find("credentials.jsonl: damaged"), std::string::npos);
}

// H40: nothing new for whoever is under a kill that revoked, until the bar is lifted.
TEST_F(Credentials, H40ABarredAddressGetsNoCredential) {
  const Scope scope = *Scope::parse("acme/prod/*");
  const std::string old = user(kMailer);
  const auto covered = [&](const Credential& one) {
    const auto* agent = std::get_if<AgentRole>(&one.role);
    return agent != nullptr && scope.covers(agent->address);
  };
  ASSERT_EQ(revoke_credentials(folder(), keys_, covered, kNow_s, &scope)->size(), 1U);
  for (const Issue how : {Issue::kIfNeeded, Issue::kAnew}) {
    EXPECT_EQ(issue(kMailer, how).error().code, Errc::kNotPermitted);
    EXPECT_EQ(issue(AgentRole{*Address::parse("acme/prod/born-later")}, how).error().code,
              Errc::kNotPermitted);
  }
  EXPECT_TRUE(issue(AgentRole{*Address::parse("acme/test/mailer")}).has_value());
  ASSERT_TRUE(lift_bar(folder(), keys_, scope, kNow_s).has_value());
  EXPECT_NE(user(kMailer), old);
}

// H40: minted at the moment of the kill, a credential is revoked or refused, never valid.
TEST_F(Credentials, H40MintedDuringARevocationIsRevokedOrRefused) {
  const Scope scope = Scope::of(*Address::parse("acme/prod/mailer"));
  for (int round = 0; round < 30; ++round) {
    std::thread minter([&] { (void)issue(kMailer, Issue::kAnew); });
    const auto revoked = revoke_credentials(
        folder(), keys_, [](const Credential&) { return true; }, kNow_s, &scope);
    minter.join();
    ASSERT_TRUE(revoked.has_value());
    const auto all = list_credentials(folder(), keys_);
    for (const Credential& one : *all) {
      EXPECT_NE(one.revoked_at_s, 0U) << "round " << round;
    }
    ASSERT_TRUE(lift_bar(folder(), keys_, scope, kNow_s).has_value());
  }
}

}  // namespace
}  // namespace estop::control
