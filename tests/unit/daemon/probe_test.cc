// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/probe.h"

#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/daemon/http.h"
#include "tests/support/socket.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using std::chrono::milliseconds;

constexpr milliseconds kProbePatience{2'000};

class ProbeTest : public ::testing::Test {
 protected:
  ProbeTest() {
    StatusServer::Pages pages;
    pages["/open"] = [] { return text_page(200, "open"); };
    pages["/closed"] = [] { return text_page(503, "closed: its lease is over"); };
    pages["/endless"] = [] { return text_page(200, std::string(9'000, 'x')); };
    server_ = StatusServer::start(loop_, {}, std::move(pages)).value();
    serving_ = std::jthread([this] { loop_.run(); });
  }
  ~ProbeTest() override { loop_.stop(); }

  [[nodiscard]] Endpoint endpoint() const { return {"127.0.0.1", server_->port()}; }
  [[nodiscard]] std::string problem(const std::string& path) const {
    const auto ok = answers_ok(endpoint(), path, kProbePatience);
    return ok ? "" : ok.error().detail;
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<StatusServer> server_;
  std::jthread serving_;
};

TEST_F(ProbeTest, OnlyAnAnswerOf200IsGood) {
  const std::string where = to_text(endpoint());
  EXPECT_EQ(problem("/open"), "");
  EXPECT_EQ(problem("/closed"), where + "/closed: 503 closed: its lease is over");
  EXPECT_EQ(problem("/none"), where + "/none: 404 Not Found");
  EXPECT_EQ(problem("/endless"), where + "/endless: body limit exceeded");
  EXPECT_TRUE(accepts(endpoint(), kProbePatience));
}

TEST_F(ProbeTest, NobodyThereIsToldAtOnce) {
  const Endpoint nobody{"127.0.0.1", 1};
  EXPECT_EQ(accepts(nobody, kProbePatience).error().detail, "127.0.0.1:1: Connection refused");
  EXPECT_EQ(answers_ok(nobody, "/", kProbePatience).error().code, Errc::kNoContact);
}

// The kernel takes the connection, and no one ever answers.
TEST(Probe, ASilentServerCostsThePatienceAndNoMore) {
  const Descriptor silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(silent.get(), generic, size), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  ASSERT_EQ(::getsockname(silent.get(), generic, &size), 0);
  const auto start = std::chrono::steady_clock::now();
  const Endpoint endpoint{"127.0.0.1", ntohs(address.sin_port)};
  EXPECT_FALSE(answers_ok(endpoint, "/readyz", milliseconds(50)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, kProbePatience);
}

}  // namespace
}  // namespace estop::daemon
