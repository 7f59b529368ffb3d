// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/asio_loop.h"

#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

namespace estop::nats {
namespace {

using std::chrono::milliseconds;

class AsioLoopTest : public ::testing::Test {
 protected:
  boost::asio::io_context context_{1};
  AsioLoop loop_{context_};
  std::string done_;
};

TEST_F(AsioLoopTest, PostedWorkRunsInItsOrderAndNotInsideOfPost) {
  loop_.post([this] { done_ += 'a'; });
  loop_.post([this] { done_ += 'b'; });
  EXPECT_EQ(done_, "");
  context_.run();
  EXPECT_EQ(done_, "ab");
}

TEST_F(AsioLoopTest, ATimerRunsOnceAndNotBeforeItsTime) {
  const auto begin = loop_.now();
  const auto timer = loop_.after(milliseconds(5), [this] { done_ += 'a'; });
  context_.run();
  EXPECT_EQ(done_, "a");
  EXPECT_GE(loop_.now() - begin, 5'000'000);
}

TEST_F(AsioLoopTest, ATimerThatIsDestroyedOrReplacedDoesNotRun) {
  auto timer = loop_.after(milliseconds(1), [this] { done_ += 'a'; });
  timer = loop_.after(milliseconds(1), [this] { done_ += 'b'; });
  {
    const auto gone = loop_.after(milliseconds(1), [this] { done_ += 'c'; });
  }
  context_.run();
  EXPECT_EQ(done_, "b");
}

TEST_F(AsioLoopTest, ATimerIsCancelledThoughItsTimeHasCome) {
  Loop::Timer second;
  const auto first = loop_.after(milliseconds(0), [&] { second.cancel(); });
  second = loop_.after(milliseconds(0), [this] { done_ += 'b'; });
  context_.run();
  EXPECT_EQ(done_, "");
}

TEST_F(AsioLoopTest, TheWorkOfATimerMayReplaceThatTimer) {
  Loop::Timer timer;
  timer = loop_.after(milliseconds(0), [&] {
    done_ += 'a';
    timer = loop_.after(milliseconds(0), [this] { done_ += 'b'; });
    done_ += 'c';
  });
  context_.run();
  EXPECT_EQ(done_, "acb");
}

}  // namespace
}  // namespace estop::nats
