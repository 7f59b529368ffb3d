// SPDX-License-Identifier: Apache-2.0

// All connections that agents may have are taken by one of them, which wants every one that becomes
// free. Operators always get in; whoever lost a connection comes back when it is ended.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <thread>
#include <vector>

#include "control/auth/accounts.h"
#include "control/auth/credentials.h"
#include "tests/fault/agent_process.h"
#include "tests/fault/plant.h"
#include "tests/support/raw_nats.h"

namespace estop::testing {
namespace {

using control::Account;
using std::chrono::milliseconds;

constexpr auto kGreedy = "evil/prod/greedy";
constexpr control::Connections kRoom{.all = 64, .agents = 40};
constexpr std::uint64_t kNow_s = 1'700'000'001;

// Takes every connection that it can get, says nothing over them, and keeps them. Of a broker that
// is away it takes them again when it is back. Without a credential it does not even say who it is.
class Greedy {
 public:
  explicit Greedy(int port, std::string creds = {})
      : thread_([this, port, creds = std::move(creds)](const std::stop_token& end) {
          run(end, port, creds);
        }) {}
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t refused() const { return refused_; }  // for want of room, since

 private:
  void run(const std::stop_token& end, int port, const std::string& creds) {
    std::vector<RawNats> all;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any pause;
    const bool is_stranger = creds.empty();
    while (!end.stop_requested()) {
      // To a stranger the broker says but one thing: that it has no room, or no more patience.
      const auto is_over = [is_stranger](RawNats& one, milliseconds wait) {
        return is_stranger ? one.read_line(wait).has_value() : !one.send("PONG\r\n");
      };
      std::erase_if(all, [&](RawNats& one) { return is_over(one, milliseconds(0)); });
      auto more = is_stranger ? RawNats::open(port) : RawNats::connect(port, creds);
      if (more && is_over(*more, milliseconds(2))) more = schemas::fail(schemas::Errc::kTooMany);
      if (more) all.push_back(std::move(*more));
      held_ = all.size();
      if (!more) ++refused_;
      if (!more) pause.wait_for(lock, end, milliseconds(2), [] { return false; });
    }
  }

  std::atomic<std::size_t> held_{0};
  std::atomic<std::size_t> refused_{0};
  std::jthread thread_;
};

class AtTheLimit : public ::testing::Test {
 protected:
  // The broker and the account are as `estop up` makes them where few descriptors may be open.
  void SetUp() override {
    Site& site = plant.site;
    (void)site.creds(control::ControlRole{}, Account::kSys);
    ASSERT_TRUE(control::limit_agents(site.data.path().string(), site.keys, kRoom.agents, kNow_s));
    const auto accounts = control::open_accounts(site.data.path().string(), site.keys, kNow_s);
    control::BrokerOptions options;
    options.store_folder = site.data.file("nats");
    options.port = -1;
    options.connections_max = kRoom.all;
    write_text(site.broker->folder().file("broker.conf"),
               control::broker_config(site.keys, options, kNow_s, *accounts));
    site.restart_broker();
    site.control_options = "--sharing-grace-ms 1000 --agent-beat-ms 400 --agent-lease-ms 2000";
  }
  void start(const std::string& more_options = {}) {
    plant.site.control_options += more_options;
    plant.start();
    honest = std::make_unique<AgentProcess>(plant.site, "acme/prod/real", plant.site.agents_url);
    ASSERT_TRUE(plant.site.until([&] { return honest->has("ready"); }, Plant::kHeals));
    greedy_creds = read_text(plant.site.creds(
        control::AgentRole{schemas::Address::parse(kGreedy).value()}, Account::kAgents));
    greedy = std::make_unique<Greedy>(plant.site.broker->port(), greedy_creds);
    ASSERT_TRUE(is_taken());
  }
  // Every place of the agents: the next one is refused.
  bool is_taken() {
    const std::size_t before = greedy->refused();
    return plant.site.until([&] { return greedy->held() > 0 && greedy->refused() > before + 2; },
                            Plant::kHeals);
  }
  // Over a connection that is made now, as `estop kill` makes it.
  bool a_new_operator_kills(const std::string& scope) {
    plant.site.operator_ = plant.site.connect(
        plant.site.creds(control::OperatorRole{*schemas::Segment::parse("alice"), true},
                         Account::kControl),
        schemas::Subjects::standard().own_inbox(*schemas::Segment::parse("alice")));
    return plant.site.answers() && plant.fence(scope);
  }
  void end_the_greedy() {
    const auto revoke =
        plant.site.ask("revoke", {{"who", kGreedy}, {"reason", "it takes all connections"}});
    ASSERT_FALSE(revoke.answers.empty());
    EXPECT_EQ(revoke.error(), "") << revoke.answers.back();
  }
  void expect_whole() {
    EXPECT_TRUE(plant.site.until([&] { return greedy->held() == 0; }, Plant::kHeals))
        << greedy->held() << " connections are left";
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    plant.crowd.drive(Plant::kLoad_per_s);
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_TRUE(the_honest_agent_confirms()) << plant.logs();
  }
  bool the_honest_agent_confirms() {
    return plant.site.until(
        [&] {
          const Order kill = plant.site.kill("acme/prod/real", {{"timeout_ms", 3'000}});
          return kill.stage("stopped").is_object() && kill.stage("stopped").value("n", 0) == 1;
        },
        Plant::kHeals);
  }

  Plant plant{Plant::Wiring::kProxies};
  std::unique_ptr<AgentProcess> honest;
  std::string greedy_creds;
  std::unique_ptr<Greedy> greedy;
};

TEST_F(AtTheLimit, H62_AKillIsFencedWhicheverConnectionIsLostAndRevokingBringsAllBack) {
  start();
  for (const Line line : {Line::kBridgeControl, Line::kControlControl, Line::kBridgeAgents}) {
    plant.line(line).cut_off_clients(milliseconds(0));
    EXPECT_TRUE(a_new_operator_kills("acme/prod/a")) << plant.logs();
  }
  ASSERT_TRUE(is_taken());
  EXPECT_FALSE(plant.is_open(0)) << "its place in AGENTS is taken";
  end_the_greedy();
  expect_whole();
}

// Nobody confirms anything to control, so nothing is fenced before; but the kill holds, and the
// credential can be withdrawn.
TEST_F(AtTheLimit, H62_ControlThatLostItsPlaceStillKillsAndRevokes) {
  start();
  plant.line(Line::kControlAgents).cut_off_clients(milliseconds(0));
  ASSERT_TRUE(is_taken());
  const auto kill = plant.kill("acme/prod/a");
  ASSERT_TRUE(plant.site.until([&] { return plant.stop_of(kill->stop).committed; }));
  end_the_greedy();
  ASSERT_TRUE(plant.site.until([&] { return kill->done; }, Plant::kHeals)) << plant.logs();
  EXPECT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
  expect_whole();
}

// All come back at once, the greedy one too, and it has the most.
TEST_F(AtTheLimit, H62_ABrokerThatRestartsLetsOperatorsInAndARevocationEverybody) {
  start();
  plant.crowd.rest();
  plant.site.broker->restart();
  ASSERT_TRUE(is_taken());
  const bool is_fenced = a_new_operator_kills("acme/prod/a");
  std::cout << (is_fenced ? "fenced" : "not fenced before the revocation") << '\n';
  end_the_greedy();
  EXPECT_TRUE(a_new_operator_kills("acme/prod/b")) << plant.logs();
  expect_whole();
}

TEST_F(AtTheLimit, H62_ByOptionControlRevokesByItselfAndSparesTheHonest) {
  start(" --revoke-silent 10");
  EXPECT_TRUE(plant.site.until([&] { return greedy->held() == 0; }, Plant::kHeals))
      << greedy->held() << " connections are left\n"
      << plant.logs();
  Json rows;
  ASSERT_TRUE(plant.site.until([&] {
    const auto audit = plant.site.ask("audit", {{"kind", "revoked"}, {"limit", 10}});
    if (!audit.answers.empty()) rows = audit.answers.back()["rows"];
    return !rows.empty();
  })) << plant.logs();
  ASSERT_EQ(rows.size(), 1U) << rows;
  EXPECT_EQ(rows[0]["actor"], "control");
  EXPECT_EQ(rows[0]["subject"], kGreedy);
  EXPECT_NE(rows[0].dump().find("--revoke-silent: "), std::string::npos) << rows;
  EXPECT_EQ(honest->count("stopped"), 0U);
  expect_whole();
}

TEST_F(AtTheLimit, H62_ByOptionAlsoWhereItTookControlsOwnPlace) {
  start(" --revoke-silent 10");
  plant.line(Line::kControlAgents).cut();
  EXPECT_TRUE(plant.site.until([&] { return greedy->held() == 0; }, Plant::kHeals))
      << greedy->held() << " connections are left\n"
      << plant.logs();
  plant.line(Line::kControlAgents).reopen();
  expect_whole();
}

// It has no credential that could be withdrawn. Who is connected goes on; who is not waits until a
// firewall or its end makes room.
TEST_F(AtTheLimit, H62_AKillOfWhoIsConnectedIsFencedWhileAStrangerTakesTheWholeBroker) {
  plant.start();
  greedy = std::make_unique<Greedy>(plant.site.broker->port());
  ASSERT_TRUE(is_taken());
  plant.line(Line::kBridgeAgents).cut_off_clients(milliseconds(0));
  EXPECT_TRUE(plant.fence("acme/prod/a")) << plant.logs();
  ASSERT_TRUE(plant.site.until([&] { return !plant.is_open(0); }, Plant::kHeals)) << plant.logs();
  EXPECT_TRUE(plant.is_open(1)) << plant.logs();
  EXPECT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  greedy.reset();
  EXPECT_TRUE(plant.all_open()) << plant.logs();
  EXPECT_TRUE(plant.lift_all()) << plant.logs();
  plant.crowd.drive(Plant::kLoad_per_s);
  EXPECT_TRUE(plant.flows()) << plant.logs();
}

TEST_F(AtTheLimit, H62_WithoutTheOptionItIsAnAlarmAlone) {
  start();
  EXPECT_TRUE(plant.site.until(
      [&] { return plant.site.log("control").find("credential-shared") != std::string::npos; }));
  EXPECT_EQ(plant.site.log("control").find("silent-connections"), std::string::npos);
  EXPECT_TRUE(a_new_operator_kills("acme/prod/a")) << plant.logs();
  EXPECT_GT(greedy->held(), 0U);
  end_the_greedy();
  expect_whole();
}

}  // namespace
}  // namespace estop::testing
