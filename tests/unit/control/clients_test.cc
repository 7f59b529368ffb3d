// SPDX-License-Identifier: Apache-2.0

// Which credential is used by more than it was issued to.
#include "control/core/access/clients.h"

#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

constexpr std::uint64_t kGrace_us = 5'000'000;
constexpr std::uint64_t kBegin_us = 1'000'000;

BrokerClient agent(const std::string& id, const std::string& user = "UMAILER") {
  return {id, user, "agent-acme.prod.mailer", address_of("acme/prod/mailer"), id + " (10.0.0.7)"};
}
BrokerClient bridge(const std::string& id, const std::string& user = "UBRIDGE") {
  return {id, user, "bridge-b1", {}, id + " (10.0.0.8)"};
}

struct Case {
  const char* name;
  std::vector<BrokerClient> clients;
  std::size_t announced;
  bool is_shared;
};

const Case kCases[] = {
    {"nobody", {}, 0, false},
    {"one instance", {agent("a")}, 1, false},
    {"three instances share one credential", {agent("a"), agent("b"), agent("c")}, 3, false},
    {"an instance that is not connected just now", {agent("a")}, 2, false},
    {"one more than announced themselves", {agent("a"), agent("b")}, 1, true},
    {"one that never announces itself", {agent("a")}, 0, true},
    {"two keys of one address", {agent("a", "U1"), agent("b", "U2")}, 1, true},
    {"a bridge", {bridge("a")}, 0, false},
    {"two processes of one bridge", {bridge("a"), bridge("b")}, 0, true},
    {"two bridges", {bridge("a", "U1"), bridge("b", "U2")}, 0, false},
};

class SharedCredentials : public ::testing::Test {
 protected:
  std::size_t told(std::uint64_t after_us) {
    const auto announced = [this](const schemas::Address&) { return announced_; };
    return clients_.shared(announced, kBegin_us + after_us).size();
  }

  std::size_t announced_ = 1;
  Clients clients_{kGrace_us};
};

TEST_F(SharedCredentials, H13_AreThoseWithMoreConnectionsThanReasons) {
  for (const Case& row : kCases) {
    clients_ = Clients(kGrace_us);
    announced_ = row.announced;
    clients_.on({.came = row.clients});
    EXPECT_EQ(told(0), 0U) << row.name;
    EXPECT_EQ(told(kGrace_us - 1), 0U) << row.name;
    EXPECT_EQ(told(kGrace_us), row.is_shared ? 1U : 0U) << row.name;
  }
}

TEST_F(SharedCredentials, H13_AreToldOnceForAsLongAsTheyAreShared) {
  clients_.on({.came = {agent("a"), agent("b")}});
  (void)told(0);
  EXPECT_EQ(told(kGrace_us), 1U);
  EXPECT_EQ(told(3 * kGrace_us), 0U);
  clients_.on({.gone = {"b"}});
  EXPECT_EQ(told(3 * kGrace_us), 0U);
  clients_.on({.came = {agent("c")}});
  EXPECT_EQ(told(4 * kGrace_us), 0U);
  EXPECT_EQ(told(5 * kGrace_us), 1U);
}

TEST_F(SharedCredentials, AnInstanceThatAnnouncesItselfInTimeIsNone) {
  announced_ = 0;
  clients_.on({.came = {agent("a")}});
  EXPECT_EQ(told(0), 0U);
  announced_ = 1;
  EXPECT_EQ(told(kGrace_us - 1), 0U);
  EXPECT_EQ(told(2 * kGrace_us), 0U);
}

TEST_F(SharedCredentials, ABrokenConnectionThatTheBrokerGivesUpInTimeIsNone) {
  clients_.on({.came = {agent("broken"), agent("new")}});
  EXPECT_EQ(told(0), 0U);
  clients_.on({.gone = {"broken"}});
  EXPECT_EQ(told(2 * kGrace_us), 0U);
}

TEST_F(SharedCredentials, TheBrokersListForgetsWhoIsNotInIt) {
  clients_.on({.came = {agent("AGENTS/N1/1"), agent("AGENTS/N1/2"), agent("AGENTS/N2/1")}});
  clients_.on({.came = {agent("AGENTS/N1/1")}, .all_below = "AGENTS/N1/"});
  (void)told(0);
  const auto shared = clients_.shared([](const auto&) { return 1; }, kBegin_us + kGrace_us);
  ASSERT_EQ(shared.size(), 1U) << "another server's clients are still there";
  EXPECT_EQ(shared.front().connections, 2U);
  clients_.on({.all_below = ""});
  EXPECT_EQ(told(5 * kGrace_us), 0U);
}

TEST_F(SharedCredentials, TheGraceBeginsAnewWhenControlDoes) {
  clients_.on({.came = {agent("a"), agent("b")}});
  (void)told(0);
  clients_.start_anew();
  EXPECT_EQ(told(kGrace_us), 0U);
  EXPECT_EQ(told(2 * kGrace_us), 1U);
}

TEST_F(SharedCredentials, AreNamedWithWhoUsesThem) {
  SharedCredential one{"acme/prod/mailer", 10, 2, {}};
  one.clients.assign(10, "thief (10.0.0.9)");
  const std::string sentence = one.sentence();
  EXPECT_EQ(sentence.find("10 connections with its credential where there should be 2: thief"), 0U)
      << sentence;
  EXPECT_TRUE(sentence.ends_with(", …")) << sentence;
}

// --- Withdrawn ---

// Connections, where `announced` instances said hello and `max` is what --revoke-silent says.
struct SilentCase {
  const char* name;
  std::vector<BrokerClient> clients;
  std::size_t announced;
  std::size_t max;
  const char* revoked;  // key; null: nobody
};

const SilentCase kSilentCases[] = {
    {"not asked for", {agent("a"), agent("b"), agent("c")}, 0, 0, nullptr},
    {"as many as that", {agent("a"), agent("b"), agent("c")}, 0, 3, "UMAILER"},
    {"one less", {agent("a"), agent("b")}, 0, 3, nullptr},
    {"instances have theirs", {agent("a"), agent("b"), agent("c")}, 1, 3, nullptr},
    {"beside an instance", {agent("a"), agent("b"), agent("c"), agent("d")}, 1, 3, "UMAILER"},
    {"two keys share them", {agent("a"), agent("b", "U2"), agent("c", "U2")}, 0, 3, nullptr},
    {"one of two keys", {agent("a"), agent("b", "U2"), agent("c", "U2")}, 0, 2, "U2"},
    {"a bridge", {bridge("a"), bridge("b"), bridge("c")}, 0, 1, nullptr},
    {"control", {{"a", "UC", "control", {}, "x"}, {"b", "UC", "control", {}, "x"}}, 0, 1, nullptr},
};

class SilentConnections : public ::testing::Test {
 protected:
  std::optional<SilentCredential> silent(std::uint64_t after_us) {
    const auto announced = [this](const schemas::Address&) { return announced_; };
    return clients_.silent(announced, kBegin_us + after_us);
  }

  std::size_t announced_ = 0;
  Clients clients_{kGrace_us, 3};
};

TEST_F(SilentConnections, H62_CostAnAgentItsCredentialAndNobodyElse) {
  for (const SilentCase& row : kSilentCases) {
    clients_ = Clients(kGrace_us, row.max);
    announced_ = row.announced;
    clients_.on({.came = row.clients});
    EXPECT_FALSE(silent(0)) << row.name;
    EXPECT_FALSE(silent(kGrace_us - 1)) << row.name;
    const auto found = silent(kGrace_us);
    EXPECT_EQ(found ? found->user : "", row.revoked == nullptr ? "" : row.revoked) << row.name;
  }
}

// A few were there for long; that many more come with a restart and say hello in time.
TEST_F(SilentConnections, AreCountedFromTheTimeWhenThereAreSoMany) {
  clients_.on({.came = {agent("a")}});
  EXPECT_FALSE(silent(0));
  EXPECT_FALSE(silent(10 * kGrace_us));
  clients_.on({.came = {agent("b"), agent("c")}});
  EXPECT_FALSE(silent(11 * kGrace_us));
  announced_ = 2;
  EXPECT_FALSE(silent(20 * kGrace_us));
}

TEST_F(SilentConnections, TheOneWithTheMostGoesFirstAndIsNamedAgainAfterAnotherGrace) {
  clients_.on({.came = {agent("a"), agent("b"), agent("c")}});
  for (const char* id : {"1", "2", "3", "4"}) {
    BrokerClient other = agent(id, "UOTHER");
    other.agent = address_of("acme/prod/other");
    clients_.on({.came = {other}});
  }
  EXPECT_FALSE(silent(0));
  EXPECT_EQ(silent(kGrace_us)->user, "UOTHER");
  EXPECT_EQ(silent(kGrace_us)->user, "UMAILER");
  EXPECT_FALSE(silent(2 * kGrace_us - 1));
  EXPECT_EQ(silent(2 * kGrace_us)->user, "UOTHER");
}

TEST_F(SilentConnections, AreNotJudgedByWhoHasJustBegunToHear) {
  clients_.on({.came = {agent("a"), agent("b"), agent("c")}});
  EXPECT_FALSE(silent(0));
  clients_.start_anew();
  EXPECT_FALSE(silent(kGrace_us));
  EXPECT_TRUE(silent(2 * kGrace_us));
}

class SilentRevoked : public ::testing::Test {
 protected:
  void SetUp() override {
    world.silent_max = 2;
    world.restart();
    world.send(ClientsHeard{.came = {agent("a"), agent("b")}});
  }
  World world;
};

TEST_F(SilentRevoked, H62_ByNameAndKeyAndTheAuditHasTheCause) {
  world.pass(kSharingGrace_ms + 2'000);
  ASSERT_EQ(world.withdrawals.size(), 1U);
  EXPECT_EQ(world.withdrawals.front().who, "acme/prod/mailer");
  EXPECT_EQ(world.withdrawals.front().users, std::vector<std::string>{"UMAILER"});
  EXPECT_FALSE(world.withdrawals.front().scope) << "a new one may be made at once";
  EXPECT_TRUE(world.alarmed("silent-connections"));
  ASSERT_EQ(world.audited("revoked"), 1U);
  EXPECT_EQ(world.audit.back().actor, "control");
  EXPECT_EQ(world.audit.back().subject, "acme/prod/mailer");
  EXPECT_NE(world.audit.back().detail.find("--revoke-silent: 2 connections"), std::string::npos);
}

TEST_F(SilentRevoked, ThatDoesNotHoldIsAnAlarmAndTriedAgain) {
  world.broker_revokes = false;
  world.not_revoked = schemas::Errc::kNotFound;  // issued from another data folder
  world.pass(kSharingGrace_ms + 2'000);
  EXPECT_TRUE(world.alarmed("not-revoked"));
  EXPECT_EQ(world.withdrawals.size(), 1U);
  world.pass(kSharingGrace_ms);
  EXPECT_EQ(world.withdrawals.size(), 2U);
}

// What control cannot hear is nobody's silence, whatever time passes; but whoever takes all places
// keeps control's own connection away.
TEST_F(SilentRevoked, WhileAgentsAreNotHeardOnlyBeyondThoseWhoWereAnnouncedThen) {
  world.hello("acme/prod/mailer", "aaaaaaa1");
  world.hears_agents = false;
  world.pass(10 * kSharingGrace_ms);
  EXPECT_TRUE(world.withdrawals.empty());
  world.send(ClientsHeard{.came = {agent("c"), agent("d")}});
  world.pass(kSharingGrace_ms + 2'000);
  EXPECT_EQ(world.withdrawals.size(), 1U);
}

TEST(SharedCredentialAlarm, H13_IsInTheAuditOnceAndNamesTheAddress) {
  World world;
  world.hello("acme/prod/mailer", "aaaaaaa1");
  world.send(ClientsHeard{.came = {agent("mailer"), agent("thief")}});
  world.pass(kSharingGrace_ms - 1'000);
  EXPECT_FALSE(world.alarmed("credential-shared"));
  world.pass(3'000);
  EXPECT_TRUE(world.alarmed("credential-shared"));
  EXPECT_EQ(world.audited("alarm-credential-shared"), 1U);
  EXPECT_EQ(world.audit.back().subject, "acme/prod/mailer");
  EXPECT_NE(world.audit.back().detail.find("thief (10.0.0.7)"), std::string::npos);
  for (int beats = 0; beats < 30; ++beats) {
    world.agent_beat("acme/prod/mailer", "aaaaaaa1");
    world.pass(5'000);
  }
  EXPECT_EQ(world.audited("alarm-credential-shared"), 1U);
}

// H62: the connection on which agents speak was away for longer than they live without a beat.
TEST(SharedCredentialAlarm, IsNotRaisedByWhoCannotHearTheAgents) {
  World world;
  world.hello("acme/prod/mailer", "aaaaaaa1");
  world.send(ClientsHeard{.came = {agent("mailer")}});
  world.hears_agents = false;
  world.pass(120'000);
  world.hears_agents = true;
  world.pass(1'000);
  world.agent_beat("acme/prod/mailer", "aaaaaaa1");
  world.pass(30'000);
  EXPECT_FALSE(world.alarmed("credential-shared"));
}

TEST(SharedCredentialAlarm, IsNotRaisedByWhoHasNotHeardTheAgents) {
  World world;
  world.stream_up = false;
  world.restart();
  world.send(ClientsHeard{.came = {agent("a")}});
  world.pass(2 * kSharingGrace_ms);
  EXPECT_FALSE(world.alarmed("credential-shared"));
}

}  // namespace
}  // namespace estop::control
