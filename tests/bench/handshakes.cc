// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/handshakes.h"

#include <fmt/format.h>

#include <iostream>
#include <stdexcept>
#include <string>

#include "tests/bench/stats.h"
#include "tests/integration/control/site.h"
#include "tests/support/handshakes.h"

namespace estop::bench {
namespace {

constexpr std::size_t kAtOnce = 500;
constexpr double kTimes = 1.5;

}  // namespace

void measure_handshakes(const Plan& plan, std::vector<Row>& rows) {
  const testing::Certificates certificates("IP:127.0.0.1");
  testing::Site site;
  site.control_pages = &certificates;
  site.start_control();
  site.start_bridge();
  if (!site.leads() || !site.is_open()) {
    throw std::runtime_error("no Estop with a certificate: " + site.log("control"));
  }
  const auto alice = *schemas::Segment::parse("alice");
  const OperatorAccess access{
      site.broker->url(),
      site.creds(control::OperatorRole{alice, true}, control::Account::kControl), alice};
  const int port = site.http_port("control");
  std::vector<double> idle;
  std::vector<double> under;
  std::vector<double> ratios;
  std::size_t done = 0;
  for (std::size_t round = 0; round < plan.rounds; ++round) {
    const auto without = kills_us(access, fmt::format("calm-{}", round), plan.kills);
    testing::Handshakes storm(port, kAtOnce);
    const auto with = kills_us(access, fmt::format("storm-{}", round), plan.kills);
    done += storm.done();
    idle.push_back(percentile(without, 0.5));
    under.push_back(percentile(with, 0.5));
    ratios.push_back(under.back() / idle.back());
  }
  const double ratio = median(ratios);
  rows.push_back({fmt::format("kill to fenced, {} TLS handshakes at once, p50", kAtOnce),
                  "kill_handshakes_p50", "us", median(under), "idle, p50", median(idle), ratio,
                  "<= 1.5 x", ratio <= kTimes, true});
  rows.push_back({"TLS handshakes meanwhile",
                  "handshakes",
                  "",
                  static_cast<double>(done),
                  {},
                  0,
                  0,
                  fmt::format(">= {}", kAtOnce),
                  done >= kAtOnce,
                  true});
}

}  // namespace estop::bench
