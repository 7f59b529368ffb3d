// SPDX-License-Identifier: Apache-2.0

// `estop watch`: every line of the audit once, in order, whatever goes away meanwhile.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/cli/embedded.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using testing::read_text;
using testing::wait_until;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kLong{30};

// The lines of the audit in a text of JSON lines; other events have no number.
std::vector<json> numbered(const std::string& text) {
  std::vector<json> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    json one = json::parse(line, nullptr, false);
    if (!one.is_object() || !one.contains("number")) continue;
    one.erase("prev");
    one.erase("hash");
    found.push_back(std::move(one));
  }
  return found;
}

class CliWatch : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(estop.up()); }
  void kill(const std::string& id) {
    ASSERT_TRUE(wait_until(
        [&] {
          return estop.estop({"kill", "acme/prod/x", "--reason", "a drill", "--op-id", id})
                     .exit_code == 0;
        },
        kLong));
  }
  void end(const std::string& program) {
    const pid_t before = estop.child(program);
    ASSERT_GT(before, 0);
    ::kill(before, SIGKILL);
    ASSERT_TRUE(wait_until([&] { return estop.child(program) != before; }, kLong));
  }
  std::vector<json> audit(std::uint64_t after) {
    return numbered(estop.estop({"audit", "export", "--after", std::to_string(after)}).out);
  }
  std::string log() const { return estop.file("watch.log"); }
  bool shows(const std::string& op_id) {
    return wait_until(
        [&] { return read_text(log()).find("\"" + op_id + "\"") != std::string::npos; }, kLong);
  }
  Embedded estop;
};

TEST_F(CliWatch, MissesNothingWhileBrokerAndControlAreAway) {
  ASSERT_NO_FATAL_FAILURE(kill("k1"));
  auto watch = estop.begin({"watch", "--after", "2", "-o", "jsonl"}, log());
  ASSERT_TRUE(shows("k1")) << "what was before";
  ASSERT_NO_FATAL_FAILURE(kill("k2"));
  ASSERT_TRUE(shows("k2"));
  ASSERT_NO_FATAL_FAILURE(end("nats-server"));
  ASSERT_NO_FATAL_FAILURE(kill("k3"));
  ASSERT_TRUE(shows("k3"));
  // Frozen, it hears nothing; the broker keeps some of it and loses the rest.
  ::kill(watch.pid(), SIGSTOP);
  ASSERT_NO_FATAL_FAILURE(end("estop-control"));
  ASSERT_NO_FATAL_FAILURE(kill("k4"));
  ::kill(watch.pid(), SIGCONT);
  ASSERT_TRUE(shows("k4"));
  ASSERT_NO_FATAL_FAILURE(kill("k5"));
  ASSERT_TRUE(shows("k5"));
  watch.signal(SIGKILL);
  const auto shown = numbered(read_text(log()));
  const auto all = audit(2);
  ASSERT_FALSE(shown.empty());
  ASSERT_LE(shown.size(), all.size());
  for (std::size_t i = 0; i < shown.size(); ++i) EXPECT_EQ(shown[i], all[i]) << i;
}

TEST_F(CliWatch, WithoutAPlaceItBeginsWithWhatHappensNow) {
  ASSERT_NO_FATAL_FAILURE(kill("k1"));
  auto watch = estop.begin({"watch", "acme/prod/x"}, log());
  // It listens when it has said something: the first kill that it shows.
  int n = 1;
  ASSERT_TRUE(wait_until(
      [&] {
        kill("later-" + std::to_string(++n));
        return read_text(log()).find("kill") != std::string::npos;
      },
      kLong));
  watch.signal(SIGKILL);
  EXPECT_EQ(read_text(log()).find("control-started"), std::string::npos);
}

}  // namespace
}  // namespace estop::cli
