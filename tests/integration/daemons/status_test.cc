// SPDX-License-Identifier: Apache-2.0

// The status pages of the real daemons, while somebody holds connections open.
#include <gtest/gtest.h>

#include <csignal>

#include "schemas/codec.h"
#include "schemas/order.h"
#include "tests/integration/control/site.h"
#include "tests/support/certificates.h"
#include "tests/support/forged.h"
#include "tests/support/socket.h"
#include "tests/support/tls_client.h"

namespace estop::testing {
namespace {

class StatusPages : public ::testing::Test {
 protected:
  void SetUp() override {
    site.start_control();
    ASSERT_TRUE(site.leads()) << site.log("control");
    site.start_bridge();
    ASSERT_TRUE(site.is_open()) << site.log("bridge");
  }
  Site site;
};

TEST_F(StatusPages, AnswerWhileHalfRequestsWait) {
  for (const std::size_t waiting : {80U, 500U}) {
    for (const char* part : {"control", "bridge"}) {
      const int port = std::stoi(read_text(site.data.file(std::string(part) + ".port")));
      std::vector<Socket> half;
      for (std::size_t i = 0; i < waiting; ++i) {
        half.push_back(Socket::connect(port));
        half.back().send("GET /livez HTTP/1.1\r\nX: ");
      }
      for (const char* path : {"/livez", "/readyz", "/metrics"}) {
        EXPECT_TRUE(site.page(part, path).starts_with("HTTP/1.1 200"))
            << part << path << " beside " << waiting;
      }
    }
  }
}

// It needs no other option: as the health check of an image has it.
TEST_F(StatusPages, AHealthCheckSaysWhetherTheDaemonIsReady) {
  const auto check = [&](const std::string& part, const char* program) {
    TempDir out;
    daemon::SpawnOptions spawn;
    const std::string port = read_text(site.data.file(part + ".port"));
    spawn.command = {program, "--healthcheck=127.0.0.1:" + port.substr(0, port.find('\n'))};
    spawn.log_file = out.file("log");
    const auto status = daemon::ChildProcess::spawn(spawn).value().wait(kPatience);
    return std::to_string(status.value_or(daemon::ExitStatus{-1, 0}).code) +
           read_text(out.file("log"));
  };
  EXPECT_EQ(check("control", ESTOP_CONTROL_PROGRAM), "0");
  EXPECT_EQ(check("bridge", ESTOP_BRIDGE_PROGRAM), "0");
  site.broker->stop();
  EXPECT_TRUE(site.until([&] {
    return check("control", ESTOP_CONTROL_PROGRAM).find("/readyz: 503 not leading: ") !=
           std::string::npos;
  }));
  EXPECT_TRUE(check("control", ESTOP_CONTROL_PROGRAM).starts_with("1"));
}

// With certificates that are replaced while it runs.
TEST(StatusPagesOverTls, AreEncryptedAndTakeANewCertificate) {
  const Certificates made("IP:127.0.0.1");
  const std::string cert = made.file("broker.pem");
  Site site;
  site.control_pages = &made;
  site.start_control();
  ASSERT_TRUE(site.leads()) << site.log("control");
  const int port = site.http_port("control");
  const auto name = [&] {
    TlsClient client(Socket::connect(port));
    return client.greet() ? client.server_name() : "refused";
  };
  const auto check = [&](const std::string& trusted) {
    daemon::SpawnOptions spawn;
    spawn.command = {ESTOP_CONTROL_PROGRAM, "--healthcheck=127.0.0.1:" + std::to_string(port),
                     "--listen-cert=" + trusted};
    spawn.log_file = site.data.file("check.log");
    const auto status = daemon::ChildProcess::spawn(spawn).value().wait(kPatience);
    return status.value_or(daemon::ExitStatus{-1, 0}).code;
  };
  EXPECT_TRUE(site.until([&] { return check(cert) == 0; }));
  EXPECT_EQ(check(made.file("other-ca.pem")), 1) << "another's";
  EXPECT_NE(site.page("control", "/metrics").find("estop_build_info"), std::string::npos);
  site.control_pages = nullptr;
  EXPECT_EQ(site.page("control", "/metrics").find("HTTP/"), std::string::npos) << "plain";
  EXPECT_EQ(name(), "broker");
  write_text(cert, read_text(made.file("ca.pem")));
  write_text(made.file("broker.key"), read_text(made.file("ca.key")));
  site.control.signal(SIGHUP);
  EXPECT_TRUE(site.until([&] { return name() == "ca"; }));
  write_text(cert, "nothing");
  site.control.signal(SIGHUP);
  EXPECT_TRUE(site.until(
      [&] { return site.log("control").find("certificate-not-reloaded") != std::string::npos; }));
  EXPECT_EQ(name(), "ca");
}

TEST_F(StatusPages, CountersAndTheirLabelsAreThereFromTheStart) {
  const std::string control = site.page("control", "/metrics");
  const std::string bridge = site.page("bridge", "/metrics");
  for (const char* error : {"not-killed", "bad-signature", "malformed", "not-found"}) {
    const std::string series =
        "estop_control_commands_refused_total{error=\"" + std::string(error) + "\"} 0";
    EXPECT_NE(control.find(series), std::string::npos) << series;
  }
  for (const char* reason : {"sender-killed", "receiver-killed", "old-incarnation", "no-contact",
                             "malformed", "over-limit", "too-large", "bad-address"}) {
    const std::string series =
        "estop_bridge_intents_refused_total{reason=\"" + std::string(reason) + "\"} 0";
    EXPECT_NE(bridge.find(series), std::string::npos) << series;
  }
}

TEST_F(StatusPages, OneKillCountsOnce) {
  const auto kills = [&] {
    const std::string page = site.page("control", "/metrics");
    const auto at = page.find("\nestop_control_kills_total ");
    return at == std::string::npos ? -1 : std::stoi(page.substr(page.find(' ', at)));
  };
  EXPECT_EQ(kills(), 0);
  site.emergency("acme/prod/x", "signed-1");  // the order, as the command line sends it
  const Json same{{"op_id", "signed-1"}};
  EXPECT_EQ(site.kill("acme/prod/x", same).stage("fenced")["n"], 1);
  site.emergency("acme/prod/x", "signed-1");  // and all of it again
  (void)site.kill("acme/prod/x", same);
  EXPECT_EQ(kills(), 1);
  // One that she did not sign acts until that is seen, and is none. Control hears it first.
  schemas::Record kill;
  kill.op_id = "forged-1";
  kill.kill().scope = schemas::Scope::parse("acme/prod/z").value();
  kill.actor.name = "alice";
  kill.reason = "forged";
  const auto stranger = schemas::SigningKey::generate(schemas::KeyRole::kUser);
  const auto jwt = schemas::jwt_from_creds(site.operator_creds()).value();
  site.emergency(forged_order(schemas::sign_record(kill, stranger).value().frame, jwt));
  EXPECT_EQ(site.kill("acme/prod/y").stage("fenced")["n"], 1);
  EXPECT_EQ(kills(), 2);
}

TEST_F(StatusPages, AKillThatABridgeHeldWhileControlWasGoneCountsOnce) {
  EXPECT_TRUE(site.control.terminate(kPatience).ok());
  site.emergency("acme/prod/x", "signed-1");
  site.start_control();
  ASSERT_TRUE(site.leads());
  ASSERT_TRUE(site.until([&] { return site.kills_in_force() == 1; }));
  (void)site.kill("acme/prod/x", {{"op_id", "signed-1"}});
  EXPECT_NE(site.page("control", "/metrics").find("\nestop_control_kills_total 1\n"),
            std::string::npos)
      << site.page("control", "/metrics");
}

TEST_F(StatusPages, ControlIsNotReadyWithoutItsBroker) {
  site.broker->stop();
  EXPECT_TRUE(site.until([&] {
    return site.page("control", "/readyz").find("503") != std::string::npos;
  })) << site.page("control", "/readyz");
}

}  // namespace
}  // namespace estop::testing
