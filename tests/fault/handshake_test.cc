// SPDX-License-Identifier: Apache-2.0

// Strangers at control's HTTP port: what they cost is no lease and no fence. How much slower a kill
// is beside them is a row of tests/bench.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string_view>
#include <thread>

#include "tests/fault/agent_process.h"
#include "tests/fault/plant.h"
#include "tests/support/handshakes.h"

namespace estop::testing {
namespace {

constexpr std::size_t kAtOnce = 500;
constexpr std::size_t kWaves = 2;
constexpr int kShortLease_ms = 1'000;
constexpr std::chrono::seconds kStormWait{120};

// But for those in which a lease overtook a record that it names: the broker's own threads deliver
// both, the bridge reads the record again and is open within milliseconds.
std::size_t closings(const std::string& log) {
  constexpr std::string_view kOvertaken = "of the control log were missed";
  std::size_t found = 0;
  for (std::size_t at = 0; (at = log.find("closed: ", at)) != std::string::npos; ++at) {
    const std::string_view line = std::string_view(log).substr(at, log.find('\n', at) - at);
    found += line.find(kOvertaken) == std::string_view::npos ? 1 : 0;
  }
  return found;
}

TEST(HandshakesFault, FiveHundredAtOnceCostNoLeaseAndNoFence) {
  // On control's loop, 500 of its signatures would last longer than a lease.
  const Certificates certificates("IP:127.0.0.1", {"rsa:3072"});
  Plant plant;
  plant.site.control_pages = &certificates;
  plant.site.control_options =
      fmt::format("--agent-beat-ms 200 --agent-lease-ms {}", kShortLease_ms);
  plant.start();
  const AgentProcess agent(plant.site, "acme/prod/real");
  ASSERT_TRUE(plant.site.until([&] { return agent.has("ready"); }, Plant::kHeals));
  const auto closed = [&] {
    return closings(plant.site.log("b1")) + closings(plant.site.log("b2"));
  };
  const std::size_t before = closed();
  Handshakes storm(plant.site.http_port("control"), kAtOnce);
  std::size_t kills = 0;
  // The clients run where nobody else has work: on a busy machine some are cut off for their own
  // slowness, and others come in their place.
  const auto has_stormed = [&] { return storm.waves() >= kWaves && storm.done() >= kAtOnce; };
  const auto given_up = std::chrono::steady_clock::now() + kStormWait;
  while (!has_stormed() && std::chrono::steady_clock::now() < given_up) {
    Plant::Given kill;
    ASSERT_TRUE(plant.fence("beta/prod/d", &kill)) << plant.logs();
    EXPECT_FALSE(kill->fenced.contains("outlived")) << kill->fenced;
    ASSERT_TRUE(plant.open(kill->stop)) << plant.logs();
    ++kills;
  }
  ASSERT_TRUE(plant.site.until(has_stormed, Plant::kHeals));
  // A probe is answered among them. It waits in a thread: nobody else's connections should.
  std::atomic<bool> is_alive = false;
  const std::jthread probe([&](const std::stop_token& end) {
    while (!is_alive && !end.stop_requested()) {
      is_alive = plant.site.page("control", "/livez").find("200 OK") != std::string::npos;
    }
  });
  EXPECT_TRUE(plant.site.until([&] { return is_alive.load(); }, Plant::kHeals));
  std::cout << fmt::format("{} handshakes, {} failed, {} kills meanwhile\n", storm.done(),
                           storm.failed(), kills);
  EXPECT_EQ(closed(), before) << plant.logs();
  EXPECT_FALSE(agent.has("lost-contact"));
  EXPECT_FALSE(agent.has("stopped"));
  EXPECT_EQ(plant.wrong(), "");
}

}  // namespace
}  // namespace estop::testing
