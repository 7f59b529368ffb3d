// SPDX-License-Identifier: Apache-2.0

// Readers that stand still, an agent that is frozen, bombs, and thousands who come back at once.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <thread>
#include <vector>

#include "broker-bridge/daemon/boot_clock.h"
#include "tests/fault/agent_process.h"
#include "tests/fault/plant.h"
#include "tests/support/raw_nats.h"

namespace estop::testing {
namespace {

constexpr int kAgentLease_ms = 1'000;
constexpr double kFlood_per_s = 40'000;
constexpr std::size_t kLarge_bytes = 4'096;  // 10 MB/s for the one that gets them
constexpr std::chrono::seconds kWatched{4};
constexpr std::int64_t kUnaffected = 8;  // times: a busy machine's two runs; a stall is a hundred
constexpr std::int64_t kNoise_us = 5'000;

std::int64_t p99(std::vector<std::int64_t> values) {
  if (values.empty()) return INT64_MAX;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * 99 / 100);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

class Burden : public ::testing::Test {
 protected:
  void SetUp() override {
    plant.site.control_options =
        fmt::format("--agent-beat-ms 200 --agent-lease-ms {}", kAgentLease_ms);
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
  }
  // A process that gets intents, too.
  std::unique_ptr<AgentProcess> some_agent(std::size_t payload_bytes = Crowd::kPayload_bytes) {
    auto agent = std::make_unique<AgentProcess>(plant.site, "acme/prod/real");
    plant.crowd.also_to("acme/prod/real", payload_bytes);
    EXPECT_TRUE(plant.site.until([&] { return agent->has("got "); }, Plant::kHeals));
    return agent;
  }
  void expect_whole() {
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_EQ(plant.wrong(), "");
  }
  // How long intents of the crowd were on their way, and kills of one of it until fenced.
  struct Waits {
    std::int64_t delivered_us = 0;
    std::int64_t fenced_us = 0;
  };
  Waits p99_for(std::chrono::nanoseconds time) {
    const auto& deliveries = plant.crowd.history.deliveries;
    const std::size_t before = deliveries.size();
    std::vector<std::int64_t> delivered;
    std::vector<std::int64_t> fenced;
    for (const auto over = daemon::boot_ns() + time.count(); daemon::boot_ns() < over;) {
      Plant::Given kill;
      const auto ordered = daemon::boot_ns();
      EXPECT_TRUE(plant.fence("beta/prod/d", &kill)) << plant.logs();
      fenced.push_back((plant.stop_of(kill->stop).fenced_ns - ordered) / 1'000);
      EXPECT_TRUE(plant.open(kill->stop)) << plant.logs();
    }
    for (std::size_t i = before; i < deliveries.size(); ++i)
      delivered.push_back((deliveries[i].received_ns - deliveries[i].sent_ns) / 1'000);
    return {p99(delivered), p99(fenced)};
  }
  [[nodiscard]] bool broker_dropped_somebody() {
    return plant.site.until(
        [&] { return plant.site.broker->log().find("Slow Consumer") != std::string::npos; },
        Plant::kHeals);
  }
  Plant plant;
};

TEST_F(Burden, AFrozenAgentHoldsUpNobodyAndHandlesNothingOfTheKilledAfterwards) {  // H33, H37
  const auto agent = some_agent();
  agent->child.signal(SIGSTOP);
  plant.crowd.drive(kFlood_per_s);
  ASSERT_TRUE(plant.flows(20'000)) << plant.logs();
  ASSERT_TRUE(plant.fence("*")) << plant.logs();
  const auto over = daemon::boot_ns() + 2'000'000LL * kAgentLease_ms;
  ASSERT_TRUE(plant.site.until([&] { return daemon::boot_ns() >= over; }));
  const auto woken = daemon::boot_ns();
  agent->child.signal(SIGCONT);
  ASSERT_TRUE(plant.site.until([&] { return agent->first("stopped", woken) != 0; }));
  ASSERT_TRUE(plant.crowd.settle());
  EXPECT_LE(agent->handled_since(woken), 1U) << "but the one that it was in the middle of";
  expect_whole();
  EXPECT_TRUE(plant.site.until([&] { return agent->first("resumed", woken) != 0; }));
}

// Until the broker drops it. What is sent to it waits in the broker, and would hold up whoever
// sends it: the bridges.
TEST_F(Burden, NobodyWaitsForAnAgentThatDoesNotRead) {  // H37
  const auto agent = some_agent(kLarge_bytes);
  const Waits before = p99_for(kWatched);
  agent->child.signal(SIGSTOP);
  const Waits frozen = p99_for(kWatched);
  EXPECT_TRUE(broker_dropped_somebody());
  const auto report =
      fmt::format("delivered p99 {} us, then {} us; fenced p99 {} us, then {} us",
                  before.delivered_us, frozen.delivered_us, before.fenced_us, frozen.fenced_us);
  std::cout << report << '\n';
  EXPECT_LE(frozen.delivered_us, kUnaffected * std::max(before.delivered_us, kNoise_us)) << report;
  EXPECT_LE(frozen.fenced_us, kUnaffected * std::max(before.fenced_us, kNoise_us)) << report;
  agent->child.signal(SIGCONT);
  expect_whole();
}

TEST_F(Burden, ABridgeThatDoesNotReadIsDroppedByTheBrokerAndComesBack) {  // H36
  plant.bridges[0].signal(SIGSTOP);
  plant.crowd.drive(kFlood_per_s);
  EXPECT_TRUE(broker_dropped_somebody());
  Plant::Given kill;
  ASSERT_TRUE(plant.fence("acme/prod/a", &kill)) << plant.logs();
  plant.bridges[0].signal(SIGCONT);
  plant.crowd.drive(Plant::kLoad_per_s);
  expect_whole();
}

TEST_F(Burden, WithoutABrokerEveryAgentStopsWithinItsLease) {  // H41
  const auto agent = some_agent();
  const auto crashed = daemon::boot_ns();
  plant.site.broker->kill();
  ASSERT_TRUE(plant.site.until([&] { return agent->first("stopped", crashed) != 0; }));
  const auto after_ms = (agent->first("stopped", crashed) - crashed) / 1'000'000;
  EXPECT_LE(after_ms, 2 * kAgentLease_ms);  // a lease, and a busy machine
  EXPECT_TRUE(agent->has("lost-contact"));
  ASSERT_TRUE(plant.all_closed());
  plant.site.restart_broker();
  if (!plant.site.answers()) plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  expect_whole();
  EXPECT_TRUE(plant.site.until([&] { return agent->first("resumed", crashed) != 0; }));
}

TEST_F(Burden, HeaderBombsReachNobodyAndHoldUpNobody) {  // H18
  const control::AgentRole role{schemas::Address::parse("acme/prod/bomber").value()};
  auto bomber = RawNats::connect(plant.site.broker->port(),
                                 read_text(plant.site.creds(role, control::Account::kAgents)));
  ASSERT_TRUE(bomber);
  const std::string one = "NATS/1.0\r\nX: " + std::string(1'000'000, 'x') + "\r\n\r\n";
  std::string many = "NATS/1.0\r\n";
  for (int i = 0; i < 50'000; ++i) many += fmt::format("h{}: 1\r\n", i);
  many += "\r\n";
  schemas::IntentHead head;
  head.id = "bomb-1";
  const std::string intent = schemas::encode_intent(head).value();
  for (int i = 0; i < 20; ++i) {
    for (const std::string& headers : {one, many}) {
      ASSERT_TRUE(bomber->send(fmt::format(
          "HPUB estop.intent.acme.prod.bomber.bomber01.acme.prod.a.fault.run {} {}\r\n{}{}\r\n",
          headers.size(), headers.size() + intent.size(), headers, intent)));
    }
  }
  EXPECT_EQ(bomber->sync().errors, std::vector<std::string>{});
  ASSERT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  EXPECT_TRUE(plant.bridges[0].running() && plant.bridges[1].running());
  expect_whole();
}

// --- Thousands at once ---

std::size_t hello_from(int port, const std::string& creds, std::size_t first, std::size_t count) {
  std::vector<RawNats> clients;
  for (std::size_t i = 0; i < count; ++i) {
    auto client = RawNats::connect(port, creds);
    if (!client) continue;
    const std::string own = fmt::format("acme.prod.herd.herd{:05}", first + i);
    client->subscribe("estop.inbox." + own + ".>", 1);
    clients.push_back(std::move(*client));
  }
  std::size_t answered = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string own = fmt::format("acme.prod.herd.herd{:05}", first + i);
    schemas::Hello hello;
    hello.process = "process1";
    hello.key = schemas::SigningKey::generate(schemas::KeyRole::kUser).public_key();
    hello.host = "here";
    hello.runtime = "herd/1";
    for (int again = 0; again < 5; ++again) {
      clients[i].publish("estop.hello." + own, encode(hello).value(),
                         "estop.inbox." + own + ".rpc.hello");
      if (!clients[i].next_message()) continue;
      ++answered;
      break;
    }
  }
  return answered;
}

TEST_F(Burden, TwoThousandWhoComeBackAtOnceAreAllAnswered) {  // H51
  constexpr std::size_t kHerd = 2'000;
  constexpr std::size_t kThreads = 8;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  const control::AgentRole role{schemas::Address::parse("acme/prod/herd").value()};
  const std::string creds = read_text(plant.site.creds(role, control::Account::kAgents));
  plant.crowd.rest();
  plant.site.restart_broker();
  const int port = plant.site.broker->port();
  const auto began = daemon::boot_ms();
  std::vector<std::size_t> answered(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        answered[t] = hello_from(port, creds, t * kHerd / kThreads, kHerd / kThreads);
      });
    }
  }
  std::size_t all = 0;
  for (const std::size_t some : answered) all += some;
  std::cout << fmt::format("{} of {} answered within {} ms\n", all, kHerd,
                           daemon::boot_ms() - began);
  EXPECT_EQ(all, kHerd);
  plant.crowd.drive(Plant::kLoad_per_s);
  ASSERT_TRUE(plant.site.answers() && plant.all_open()) << plant.logs();  // nobody ran the loop
  ASSERT_TRUE(plant.fence("acme/*")) << plant.logs();
  expect_whole();
}

}  // namespace
}  // namespace estop::testing
