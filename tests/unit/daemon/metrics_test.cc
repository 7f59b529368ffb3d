// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/metrics.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace estop::daemon {
namespace {

TEST(MetricNames, FollowPrometheus) {
  std::set<std::string> seen;
  for (const auto& one : metric::kAll) {
    const std::string name = one.name;
    EXPECT_TRUE(std::regex_match(name, std::regex("estop_[a-z]+(_[a-z]+)*"))) << name;
    EXPECT_EQ(name.ends_with("_total"), one.kind == MetricKind::kCounter) << name;
    EXPECT_EQ(name.find("_ms"), std::string::npos) << name << ": base units are seconds";
    EXPECT_TRUE(seen.insert(name).second) << name << " twice";
  }
}

TEST(MetricsTest, ExposesWhatWasCounted) {
  Metrics metrics("estop-bridge");
  metrics.counter(metric::kBridgeForwarded).add(41);
  metrics.counter(metric::kBridgeForwarded).add();
  metrics.counter(metric::kBridgeRefused, {{"reason", "sender-killed"}}).add(3);
  metrics.gauge(metric::kBridgeState).set(3);
  metrics.histogram(metric::kBridgeKillLatch).observe(0.0003);
  const auto text = metrics.text();
  for (const std::string line : {"# TYPE estop_bridge_intents_forwarded_total counter",
                                 "estop_bridge_intents_forwarded_total 42", "estop_bridge_state 3",
                                 "estop_bridge_intents_refused_total{reason=\"sender-killed\"} 3",
                                 "estop_bridge_kill_latch_seconds_bucket{le=\"0.0005\"} 1",
                                 "estop_build_info{part=\"estop-bridge\",version="}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " not in\n" << text;
  }
}

TEST(MetricsTest, RaisesATotalButNeverLowersIt) {
  Metrics metrics("p");
  const auto counter = metrics.counter(metric::kControlKills);
  counter.raise_to(10);
  counter.raise_to(4);
  EXPECT_NE(metrics.text().find("estop_control_kills_total 10\n"), std::string::npos);
}

TEST(MetricsTest, EveryErrorHasItsSeriesBeforeTheFirstOneHappens) {
  Metrics metrics("p");
  const auto counters = metrics.counters_of_errors(metric::kBridgeRefused, "reason");
  for (const auto code : {schemas::Errc::kBadAddress, schemas::Errc::kSenderKilled,
                          schemas::Errc::kInternal, schemas::Errc::kTimeout}) {
    EXPECT_TRUE(counters.contains(code)) << code;
    const std::string line = "estop_bridge_intents_refused_total{reason=\"" +
                             std::string(schemas::name(code)) + "\"} 0\n";
    EXPECT_NE(metrics.text().find(line), std::string::npos) << line;
  }
  EXPECT_FALSE(counters.contains(schemas::Errc::kOk));
}

TEST(MetricsTest, RefusesAnotherKind) {
  Metrics metrics("p");
  EXPECT_THROW((void)metrics.gauge(metric::kControlKills), std::logic_error);
}

}  // namespace
}  // namespace estop::daemon
