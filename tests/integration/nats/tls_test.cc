// TLS to the broker, with a CA of the test's own: only the right certificate for the right host.
#include <stdexcept>

#include "broker-bridge/ops/process.h"
#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"
#include "tests/support/temp_dir.h"

namespace estop::nats {
namespace {

using estop::testing::Broker;
using estop::testing::TempDir;
using schemas::Errc;
using schemas::Result;
using Words = std::vector<std::string>;

// Keys and certificates, made by the openssl command line; valid for one host.
class Certificates {
 public:
  explicit Certificates(const std::string& host) {
    estop::testing::write_text(file("host.ext"), "subjectAltName=" + host);
    make_ca("ca");
    make_ca("other-ca");
    openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=broker", "-keyout", file("broker.key"), "-out", file("broker.csr")});
    openssl({"x509", "-req", "-in", file("broker.csr"), "-CA", file("ca.pem"), "-CAkey",
             file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("host.ext"), "-out",
             file("broker.pem")});
  }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  [[nodiscard]] std::string broker_config() const {
    return "tls { cert_file: \"" + file("broker.pem") + "\", key_file: \"" + file("broker.key") +
           "\", timeout: 10 }\n";
  }

 private:
  void make_ca(const std::string& name) const {
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", "/CN=" + name, "-keyout", file(name + ".key"), "-out",
             file(name + ".pem")});
  }

  void openssl(Words arguments) const {
    arguments.insert(arguments.begin(), "openssl");
    ops::SpawnOptions spawn;
    spawn.command = std::move(arguments);
    spawn.log_file = file("openssl.log");
    auto child = ops::ChildProcess::spawn(spawn);
    if (!child) throw std::runtime_error(schemas::to_string(child.error()));
    const auto ended = child->wait(estop::testing::kPatience);
    if (!ended || !ended->ok())
      throw std::runtime_error(estop::testing::read_text(file("openssl.log")));
  }

  TempDir folder_;
};

class TlsTest : public OneLoop {
 protected:
  std::unique_ptr<Connection> trusting(const std::string& ca_file, const Broker& broker,
                                       const std::string& owner = "alice") {
    ConnectOptions options;
    options.url = broker.url();
    options.tls_ca_file = ca_file;
    options.connect_timeout = estop::testing::kPatience;
    return std::make_unique<Connection>(loop_, options, inbox(owner), ConnectionEvents{});
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

TEST_F(TlsTest, ACaFileThatCannotBeReadIsABadArgument) {
  const Broker plain;
  const Result<void> result = trusting("/nowhere/ca.pem", plain)->connect();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kBadArgument);
}

}  // namespace
}  // namespace estop::nats
