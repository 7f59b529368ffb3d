// SPDX-License-Identifier: Apache-2.0

// TLS to the broker, with a CA of the test's own: only the right certificate for the right host.
#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"
#include "tests/support/certificates.h"

namespace estop::nats {
namespace {

using estop::testing::Broker;
using estop::testing::Certificates;
using schemas::Errc;
using schemas::Result;

class TlsTest : public OneLoop {
 protected:
  std::unique_ptr<Connection> trusting(const std::string& ca_file, const Broker& broker,
                                       const std::string& owner = "alice") {
    ConnectOptions options;
    options.url = broker.url();
    options.tls_ca_file = ca_file;
    options.connect_timeout = estop::testing::kPatience;
    return std::make_unique<Connection>(on_loop_, options, inbox(owner), ConnectionEvents{});
  }

  // Why the broker was not taken; empty if it was.
  std::string refusal(const std::string& ca_file, const Broker& broker) {
    const Result<void> result = trusting(ca_file, broker)->connect();
    if (result) return {};
    EXPECT_EQ(result.error().code, Errc::kNoContact) << schemas::to_string(result.error());
    return result.error().detail;
  }
};

TEST_F(TlsTest, TalksToABrokerThatItsCaCertified) {
  const Certificates made("IP:127.0.0.1");
  const Broker broker({made.broker_config()});
  const auto alice = trusting(made.file("ca.pem"), broker);
  const auto bob = trusting(made.file("ca.pem"), broker, "bob");
  ASSERT_TRUE(alice->connect());
  ASSERT_TRUE(bob->connect());
  constexpr std::size_t kEach_bytes = 200'000;  // many TLS records each
  constexpr std::size_t kMessages = 20;
  std::size_t bytes = 0;
  bob->subscribe(event("x"), [&](const MessageView& message) { bytes += message.data.size(); });
  ASSERT_TRUE(settle(*bob));
  for (std::size_t i = 0; i < kMessages; ++i) {
    EXPECT_TRUE(alice->publish(event("x"), std::string(kEach_bytes, 'x')));
  }
  EXPECT_TRUE(run_until([&] { return bytes == kMessages * kEach_bytes; })) << bytes;
}

TEST_F(TlsTest, RefusesABrokerOfAnotherCaOrForAnotherHost) {
  const Certificates made("IP:127.0.0.1");
  const Certificates elsewhere("DNS:broker.example");
  const Broker broker({made.broker_config()});
  const Broker impostor({elsewhere.broker_config()});
  for (const auto& [ca_file, to] : {std::pair{made.file("other-ca.pem"), &broker},
                                    std::pair{std::string(), &broker},  // the system's CAs
                                    std::pair{elsewhere.file("ca.pem"), &impostor}}) {
    const std::string why = refusal(ca_file, *to);
    EXPECT_NE(why.find("no TLS with the broker"), std::string::npos) << ca_file << ": " << why;
  }
}

TEST_F(TlsTest, WithACaNeverTalksInTheClear) {
  const Certificates made("IP:127.0.0.1");
  const Broker plain;
  const std::string why = refusal(made.file("ca.pem"), plain);
  EXPECT_NE(why.find("no TLS with the broker"), std::string::npos) << why;
}

// A scheme is a promise: tls:// without a CA file means TLS with the system's CAs.
TEST_F(TlsTest, TheSchemeTlsNeverTalksInTheClear) {
  const Broker plain;
  const Certificates made("IP:127.0.0.1");
  const Broker secure({made.broker_config()});
  const auto refused = [&](const Broker& broker, const char* scheme) {
    ConnectOptions options;
    options.url = scheme + std::to_string(broker.port());
    const auto result = Connection(on_loop_, options, inbox("alice"), {}).connect();
    return result ? std::string() : result.error().detail;
  };
  EXPECT_NE(refused(plain, "tls://127.0.0.1:").find("no TLS with the broker"), std::string::npos);
  EXPECT_NE(refused(secure, "tls://127.0.0.1:").find("no TLS with"), std::string::npos)
      << "its CA is not the system's";
  EXPECT_NE(refused(plain, "ws://127.0.0.1:").find("'ws' is not spoken"), std::string::npos);
  ConnectOptions options;
  options.url = "tls://127.0.0.1:" + std::to_string(secure.port());
  options.tls_ca_file = made.file("ca.pem");
  EXPECT_TRUE(Connection(on_loop_, options, inbox("alice"), {}).connect());
}

TEST_F(TlsTest, ACaFileThatCannotBeReadIsABadArgument) {
  const Broker plain;
  const Result<void> result = trusting("/nowhere/ca.pem", plain)->connect();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kBadArgument);
}

}  // namespace
}  // namespace estop::nats
