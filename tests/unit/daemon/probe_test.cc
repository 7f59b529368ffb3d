// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/probe.h"

#include <gtest/gtest.h>

#include "broker-bridge/daemon/descriptor.h"
#include "tests/support/socket.h"
#include "tests/unit/daemon/serving.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using std::chrono::milliseconds;

constexpr milliseconds kProbePatience{2'000};

class ProbeTest : public ::testing::Test {
 protected:
  static HttpRoutes routes() {
    HttpRoutes made;
    const auto add = [&](const char* path, int status, const std::string& text) {
      made.add("GET", path,
               [=](const HttpRequest&, HttpResponder to) { to.answer(text_answer(status, text)); });
    };
    add("/open", 200, "open");
    add("/closed", 503, "closed: its lease is over");
    add("/endless", 200, std::string(9'000, 'x'));
    return made;
  }
  [[nodiscard]] Endpoint endpoint() { return {"127.0.0.1", serving_.listener().port()}; }
  [[nodiscard]] std::string problem(const std::string& path) {
    const auto ok = answers_ok(endpoint(), path, kProbePatience);
    return ok ? "" : ok.error().detail;
  }

  estop::testing::Serving serving_{{}, routes()};
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
