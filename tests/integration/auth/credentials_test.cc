// SPDX-License-Identifier: Apache-2.0

// Estop's own client with Estop's own credentials: what is valid is never refused.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "broker-bridge/nats/blocking.h"
#include "tests/integration/auth/auth_broker.h"
#include "tests/support/socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

using control::Account;
using schemas::Errc;
using schemas::Subjects;

// Greets each client with the next of its nonces, and lets in whoever signs one.
class NonceBroker {
 public:
  explicit NonceBroker(std::vector<std::string> nonces) : nonces_(std::move(nonces)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener_.fd(), generic, size);
    ::listen(listener_.fd(), 8);
    ::getsockname(listener_.fd(), generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NonceBroker() {
    ::shutdown(listener_.fd(), SHUT_RDWR);  // ends the accept
    thread_.join();
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  void serve() {
    for (const std::string& nonce : nonces_) {
      Socket client(::accept(listener_.fd(), nullptr, nullptr));
      if (!client.is_open()) return;
      client.send(R"(INFO {"server_id":"fake","version":"2.9.10","proto":1,"headers":true,)"
                  R"("max_payload":1048576,"auth_required":true,"nonce":")" +
                  nonce + "\"}\r\n");
      for (std::string bytes; !(bytes = client.receive(kPatience)).empty();) {
        const bool is_unsigned = bytes.find(R"("sig":")") == std::string::npos;
        if (is_unsigned) client.send("-ERR 'Authorization Violation'\r\n");
        if (bytes.find("PING") != std::string::npos) client.send("PONG\r\n");
      }
    }
  }

  std::vector<std::string> nonces_;
  Socket listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port_ = 0;
  std::thread thread_;
};

// A nonce whose signature starts with a zero byte, or does not.
std::string nonce_for(const schemas::SigningKey& key, bool unlucky) {
  for (int i = 0;; ++i) {
    std::string nonce = fmt::format("nonce-{}", i);
    if ((key.sign(nonce).front() == 0) == unlucky) return nonce;
  }
}

class OwnClient : public ::testing::Test {
 protected:
  schemas::Result<void> connect(const std::string& creds, int port = 0) {
    write_text(folder_.file("mailer.creds"), creds);
    nats::ConnectOptions options;
    options.url = fmt::format("nats://127.0.0.1:{}", port == 0 ? broker_.port() : port);
    options.creds_file = folder_.file("mailer.creds");
    const auto address = std::get<control::AgentRole>(mailer()).address;
    const auto instance = schemas::Instance::parse("k3j9x2ab").value();
    nats::BlockingClient client(options, Subjects::standard().inbox_of(address, instance));
    return client.connect();
  }

  AuthBroker broker_;
  TempDir folder_;
};

TEST_F(OwnClient, IsLetInWithAValidCredential) {
  const auto connected = connect(broker_.creds(mailer(), Account::kAgents));
  EXPECT_TRUE(connected) << connected.error();
}

// nats.c sends no signature that starts with a zero byte: one valid connect in 256 was refused.
TEST_F(OwnClient, AsksForAnotherNonceIfItCannotSendTheSignature) {
  const std::string creds = broker_.creds(mailer(), Account::kAgents);
  const auto key = schemas::key_from_creds(creds).value();
  const std::string unlucky = nonce_for(key, true);
  const NonceBroker broker({unlucky, unlucky, nonce_for(key, false)});
  const auto connected = connect(creds, broker.port());
  EXPECT_TRUE(connected) << connected.error();
}

TEST_F(OwnClient, IsToldThatTheBrokerRefusedAForgedCredential) {
  std::string creds = broker_.creds(mailer(), Account::kAgents);
  creds.replace(creds.find("eyJ"), 3, "eyK");
  const auto connected = connect(creds);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, Errc::kUnauthenticated) << connected.error();
}

TEST_F(OwnClient, SaysWhichFileHoldsNoCredential) {
  const auto connected = connect("nothing\n");
  ASSERT_FALSE(connected);
  EXPECT_NE(connected.error().detail.find("mailer.creds holds no user JWT"), std::string::npos)
      << connected.error();
}

}  // namespace
}  // namespace estop::testing
