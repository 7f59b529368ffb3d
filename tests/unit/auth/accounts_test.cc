// SPDX-License-Identifier: Apache-2.0

// The accounts' JWTs as state: what is revoked survives, and cannot be changed without the key.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/auth/accounts.h"
#include "control/auth/credentials.h"
#include "control/auth/jwt.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/auth/people.h"

namespace estop::control {
namespace {

using schemas::Errc;

class Accounts : public ::testing::Test {
 protected:
  [[nodiscard]] AccountClaims claims(Account account) const {
    const auto jwts = open_accounts(folder(), keys_, kNow_s);
    return *read_account_jwt(keys_, account, (*jwts)[static_cast<std::size_t>(account)]);
  }
  [[nodiscard]] std::string folder() const { return temp_.path().string(); }

  estop::testing::TempDir temp_;
  Keyring keys_ = Keyring::generate();
};

TEST_F(Accounts, BeginWithNobodyRevoked) {
  EXPECT_EQ(claims(Account::kAgents), (AccountClaims{.issued_at_s = kNow_s}));
}

TEST_F(Accounts, KeepWhatIsRevokedAndWhatIsBarred) {
  const AccountClaims wanted{kNow_s, {{"UA", 5}, {"UB", 6}}, {"acme/prod/*", "*"}};
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  ASSERT_TRUE(write_account(folder(), keys_, Account::kAgents, wanted, kNow_s).has_value());
  EXPECT_EQ(claims(Account::kAgents).revoked, wanted.revoked);
  EXPECT_EQ(claims(Account::kAgents).barred, wanted.barred);
  EXPECT_TRUE(claims(Account::kControl).revoked.empty());
}

// H32: a later one counts as later at the broker also if the clock went back.
TEST_F(Accounts, AreIssuedLaterEachTimeWhateverTheClockSays) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  ASSERT_TRUE(write_account(folder(), keys_, Account::kSys, claims(Account::kSys), 7).has_value());
  EXPECT_EQ(claims(Account::kSys).issued_at_s, kNow_s + 1);
}

// H62: the broker has room for operators when agents have taken all that is theirs.
TEST_F(Accounts, LimitTheConnectionsOfAgentsAndOfNobodyElse) {
  EXPECT_LT(kAgentConnectionsMax, kBrokerConnectionsMax);
  for (const Account account : kAccounts) {
    const auto jwts = open_accounts(folder(), keys_, kNow_s);
    const auto opened = open_jwt((*jwts)[static_cast<std::size_t>(account)]);
    EXPECT_EQ((*opened)["nats"]["limits"]["conn"],
              account == Account::kAgents ? kAgentConnectionsMax : kUnlimited);
  }
}

struct Room {
  std::size_t descriptors;
  int all;
  int agents;
};

// The rest is for operators, bridges and control.
TEST(ConnectionsWithin, H62_LeaveRoomWhateverTheBrokerMayOpen) {
  for (const Room& row :
       {Room{1'048'576, 65'536, 61'440}, Room{66'048, 65'536, 61'440}, Room{20'000, 19'488, 18'270},
        Room{4'096, 3'584, 3'360}, Room{1'024, 512, 448}, Room{256, 128, 64}, Room{0, 2, 1}}) {
    const Connections fit = connections_within(row.descriptors);
    EXPECT_EQ(fit.all, row.all) << row.descriptors;
    EXPECT_EQ(fit.agents, row.agents) << row.descriptors;
  }
}

TEST_F(Accounts, KeepALowerLimitAndWhoIsRevoked) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  const AccountClaims some{kNow_s, {{"UA", 5}}, {}};
  ASSERT_TRUE(write_account(folder(), keys_, Account::kAgents, some, kNow_s).has_value());
  ASSERT_TRUE(limit_agents(folder(), keys_, 448, kNow_s).has_value());
  EXPECT_EQ(claims(Account::kAgents).agents_max, 448);
  EXPECT_EQ(claims(Account::kAgents).revoked.size(), 1U);
  const auto issued_at_s = claims(Account::kAgents).issued_at_s;
  ASSERT_TRUE(limit_agents(folder(), keys_, 448, kNow_s + 9).has_value());
  EXPECT_EQ(claims(Account::kAgents).issued_at_s, issued_at_s) << "nothing to tell the broker";
  ASSERT_TRUE(limit_agents(folder(), keys_, kAgentConnectionsMax, kNow_s).has_value());
  EXPECT_EQ(claims(Account::kAgents).agents_max, kAgentConnectionsMax);
}

TEST_F(Accounts, MadeWithOtherLimitsAreMadeAnewAndKeepWhoIsRevoked) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  const nlohmann::json older{
      {"type", "account"}, {"limits", {{"conn", kUnlimited}}}, {"revocations", {{"UA", 5}}}};
  estop::testing::write_text(
      temp_.path() / "accounts/AGENTS.jwt",
      sign_jwt(keys_.operator_key, keys_.account(Account::kAgents).public_text(), "AGENTS", kNow_s,
               older));
  const auto jwts = open_accounts(folder(), keys_, kNow_s);
  ASSERT_TRUE(jwts) << schemas::to_string(jwts.error());
  EXPECT_EQ((*open_jwt((*jwts)[0]))["nats"]["limits"]["conn"], kAgentConnectionsMax);
  EXPECT_EQ(claims(Account::kAgents).revoked.at("UA"), 5U);
  EXPECT_EQ(claims(Account::kAgents).issued_at_s, kNow_s + 1) << "the broker takes the later one";
}

// What JSON makes of a fraction that no integer holds is not defined: it never comes so far.
TEST_F(Accounts, WithAFractionWhereANumberBelongsAreRefused) {
  const auto nats = [](const nlohmann::json& conn, const nlohmann::json& since) {
    return nlohmann::json{{"type", "account"},
                          {"version", 2},
                          {"limits", {{"conn", conn}}},
                          {"revocations", {{"UA", since}}}};
  };
  const auto read = [&](const nlohmann::json& claims) {
    const std::string jwt =
        sign_jwt(keys_.operator_key, keys_.account(Account::kAgents).public_text(), "AGENTS",
                 kNow_s, claims);
    return read_account_jwt(keys_, Account::kAgents, jwt);
  };
  ASSERT_TRUE(read(nats(-1, 5)));
  EXPECT_EQ(read(nats(-1, 5))->revoked.at("UA"), 5U);
  EXPECT_EQ(read(nats(-1, 1.7e104)).error().code, Errc::kMalformed);
  EXPECT_EQ(read(nats(1.7e104, 5)).error().code, Errc::kMalformed);
}

TEST_F(Accounts, OfOtherKeysAreRefused) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  const auto opened = open_accounts(folder(), Keyring::generate(), kNow_s);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().detail.find("AGENTS.jwt: made for other keys"), std::string::npos);
}

TEST_F(Accounts, H38AnEditedFileIsRefused) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  const auto path = temp_.path() / "accounts/AGENTS.jwt";
  std::string text = estop::testing::read_text(path);
  text[text.find('.') + 20] ^= 1;
  estop::testing::write_text(path, text);
  EXPECT_EQ(open_accounts(folder(), keys_, kNow_s).error().code, Errc::kStoreUnavailable);
}

TEST_F(Accounts, H38ALostFileIsNotTakenForNobodyRevoked) {
  ASSERT_TRUE(issue_creds(folder(), keys_, ControlRole{}, schemas::Subjects::standard(), kNow_s,
                          Issue::kIfNeeded)
                  .has_value());
  std::filesystem::remove(temp_.path() / "accounts/CONTROL.jwt");
  const auto opened = open_accounts(folder(), keys_, kNow_s);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().detail.find("CONTROL.jwt: is gone"), std::string::npos);
}

TEST_F(Accounts, WithEveryRevocationThatIsAllowedCanBeReadBack) {
  ASSERT_TRUE(open_accounts(folder(), keys_, kNow_s).has_value());
  AccountClaims full;
  for (std::size_t i = 0; i < kRevokedMax; ++i) {
    full.revoked[std::string(51, 'U') + std::to_string(10'000 + i)] = kNow_s;
  }
  ASSERT_TRUE(write_account(folder(), keys_, Account::kAgents, full, kNow_s).has_value());
  EXPECT_EQ(claims(Account::kAgents).revoked.size(), kRevokedMax);
  full.revoked["one more"] = kNow_s;
  EXPECT_EQ(write_account(folder(), keys_, Account::kAgents, full, kNow_s).error().code,
            Errc::kTooMany);
}

}  // namespace
}  // namespace estop::control
