// SPDX-License-Identifier: Apache-2.0

// The whole path over TLS: control, bridge, an agent's part, an operator. The connection's own
// tests (tests/integration/nats) show who is not let in.
#include <gtest/gtest.h>

#include "tests/integration/control/site.h"

namespace estop::testing {
namespace {

TEST(OverTls, AKillIsFencedStoppedAndDurable) {  // H9
  const Certificates certificates("IP:127.0.0.1");
  Site site(&certificates);
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  site.start_bridge();
  ASSERT_TRUE(site.is_open()) << site.log("bridge");
  site.join("acme/prod/x", "aaaaaaa1");
  const Order kill = site.kill("acme/prod/x", {{"wait", {"fenced", "stopped", "durable"}}});
  EXPECT_TRUE(kill.stage("done")["ok"]) << kill.stage("done");
  EXPECT_TRUE(site.resume("acme/prod/x").stage("done")["ok"]);
}

TEST(OverTls, APartThatDoesNotTrustTheBrokerSaysSoAndWaits) {
  const Certificates certificates("DNS:broker.example");  // not the host of its address
  const Broker broker({certificates.broker_config()});
  Site site;
  daemon::SpawnOptions spawn;
  spawn.command = {ESTOP_BRIDGE_PROGRAM,
                   "--id=b1",
                   "--url=" + broker.url(),
                   "--agents-creds=" + site.creds(site.bridge_role(), control::Account::kAgents),
                   "--control-creds=" + site.creds(site.bridge_role(), control::Account::kControl),
                   "--control-key=" + site.data.file("keys/log.pub"),
                   "--tls-ca=" + certificates.file("ca.pem"),
                   "--ready-file=" + site.data.file("bridge.port")};
  spawn.log_file = site.data.file("bridge.log");
  site.bridge = daemon::ChildProcess::spawn(spawn).value();
  EXPECT_TRUE(site.until([&] {
    return site.log("bridge").find("no TLS with the broker") != std::string::npos;
  })) << site.log("bridge");
  EXPECT_TRUE(site.bridge.running());
}

}  // namespace
}  // namespace estop::testing
