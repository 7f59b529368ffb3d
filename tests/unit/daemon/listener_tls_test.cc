// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "tests/support/certificates.h"
#include "tests/support/tls_client.h"
#include "tests/unit/daemon/serving.h"

namespace estop::daemon {
namespace {

using estop::testing::Certificates;
using estop::testing::Serving;
using estop::testing::Socket;
using estop::testing::TlsClient;

constexpr const char* kRequest = "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

HttpRoutes routes() {
  HttpRoutes made;
  made.add("GET", "/page", [](const HttpRequest& request, HttpResponder to) {
    to.answer(text_answer(200, request.is_tls ? "secret" : "plain"));
  });
  return made;
}

class ListenerTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ListenOptions options;
    options.tls = {certificates_.file("broker.pem"), certificates_.file("broker.key")};
    options.limits.handshake_ms = std::chrono::milliseconds(1'000);
    options.limits.header_ms = std::chrono::milliseconds(500);
    serving_.emplace(std::move(options), routes());
  }
  std::string ask(int version = 0) {
    TlsClient client(serving_->connect(), version);
    if (!client.greet()) return "refused";
    client.send(kRequest);
    return client.read_to_end();
  }
  Certificates certificates_{"IP:127.0.0.1"};
  std::optional<Serving> serving_;
};

TEST_F(ListenerTlsTest, SpeaksTls12And13AndNothingOlder) {
  EXPECT_TRUE(ask().ends_with("secret\n"));
  EXPECT_TRUE(ask(TLS1_3_VERSION).ends_with("secret\n"));
  EXPECT_TRUE(ask(TLS1_2_VERSION).ends_with("secret\n"));
  EXPECT_EQ(ask(TLS1_1_VERSION), "refused");
  EXPECT_EQ(ask(TLS1_VERSION), "refused");
}

TEST_F(ListenerTlsTest, TellsNothingInPlainText) {
  EXPECT_EQ(serving_->ask(kRequest).find("HTTP/"), std::string::npos);
}

TEST_F(ListenerTlsTest, AClientThatSaysNothingHasItsTime) {
  Socket silent = serving_->connect();
  Socket half = serving_->connect();
  half.send("\x16\x03\x01\x02");
  EXPECT_TRUE(ask().ends_with("secret\n"));
  EXPECT_EQ(Serving::read_to_end(silent), "");
  EXPECT_EQ(Serving::read_to_end(half), "");
}

TEST_F(ListenerTlsTest, HalfARequestIsAnsweredInTheEnd) {
  TlsClient client(serving_->connect());
  ASSERT_TRUE(client.greet());
  client.send("GET /page HTTP/1.1\r\n");
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 408 "));
}

TEST_F(ListenerTlsTest, KeepsTheConnectionAndAnswersAPipeline) {
  TlsClient client(serving_->connect());
  ASSERT_TRUE(client.greet());
  client.send("GET /page HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kRequest));
  const std::string all = client.read_to_end();
  EXPECT_LT(all.find("secret\n"), all.rfind("secret\n")) << all;
}

TEST_F(ListenerTlsTest, TakesANewCertificateAndKeepsTheOldOneIfItIsWrong) {
  const auto name = [&] {
    TlsClient client(serving_->connect());
    return client.greet() ? client.server_name() : "refused";
  };
  EXPECT_EQ(name(), "broker");
  const auto replace = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(certificates_.file("ca.pem"), certificates_.file("broker.pem"),
                             replace);
  EXPECT_FALSE(serving_->listener().reload_tls()) << "the key is another's";
  EXPECT_EQ(name(), "broker");
  std::filesystem::copy_file(certificates_.file("ca.key"), certificates_.file("broker.key"),
                             replace);
  EXPECT_TRUE(serving_->listener().reload_tls());
  EXPECT_EQ(name(), "ca");
}

TEST(TlsFilesTest, AreCheckedBeforeAnythingListens) {
  const Certificates made("IP:127.0.0.1");
  const std::string cert = made.file("broker.pem");
  const std::string key = made.file("broker.key");
  testing::write_text(made.file("none.pem"), "nothing\n");
  for (const auto& [files, expected] : std::vector<std::pair<TlsFiles, std::string>>{
           {{cert, key}, ""},
           {{"", ""}, ""},
           {{cert, ""}, "--listen-key is missing"},
           {{"", key}, "--listen-cert is missing"},
           {{"/none", key}, "--listen-cert: /none: "},
           {{cert, "/none"}, "--listen-key: /none: "},
           {{made.file("none.pem"), key}, "--listen-cert: "},
           {{cert, made.file("none.pem")}, "--listen-key: "},
           {{cert, made.file("ca.key")}, "--listen-key: "},
           {{key, key}, "--listen-cert: "},
       }) {
    const auto opened = open_tls(files);
    EXPECT_EQ(opened.has_value(), expected.empty()) << expected;
    if (opened) continue;
    EXPECT_NE(opened.error().detail.find(expected), std::string::npos) << opened.error();
  }
  std::filesystem::permissions(key, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  EXPECT_FALSE(open_tls({cert, key})) << "a key that others may read";
}

}  // namespace
}  // namespace estop::daemon
