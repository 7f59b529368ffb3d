// SPDX-License-Identifier: Apache-2.0

// What a link and a serial thread promise when they end while others still hand them work.
#include "agent-runtime/src/link.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent-runtime/src/serial_thread.h"
#include "tests/support/wait_until.h"

namespace estop::agent {
namespace {

// Nobody listens there: it never connects.
std::unique_ptr<Link> link_to_nobody() {
  nats::ConnectOptions options;
  options.url = "nats://127.0.0.1:1";
  Identity identity{*schemas::Address::parse("acme/prod/mailer"),
                    *schemas::Instance::parse("k3j9x2ab"), "process1",
                    schemas::Subjects::standard()};
  return std::make_unique<Link>(std::move(identity), std::move(options), nats::ConnectionEvents{},
                                [] {});
}

// What was handed on between the look at the flag and the end was taken, and never ran: an answer
// of a request that never came. Many threads, so that some stand just there.
TEST(LinkTest, WhatItTookRunsOnceThoughItEndsJustThen) {
  constexpr int kRounds = 100;
  constexpr int kThreads = 16;
  constexpr std::uint64_t kWaitingMax = 64;
  for (int round = 0; round < kRounds; ++round) {
    auto link = link_to_nobody();
    std::atomic<std::uint64_t> taken{0}, ran{0};
    link->start();
    std::vector<std::thread> posters;
    for (int i = 0; i < kThreads; ++i) {
      posters.emplace_back([&] {
        while (link->post([&ran] { ++ran; })) {
          if (++taken > ran + kWaitingMax) std::this_thread::yield();
        }
      });
    }
    while (taken < 1'000) std::this_thread::yield();
    link->stop();
    for (auto& one : posters) one.join();
    ASSERT_EQ(ran, taken) << "in round " << round;
  }
}

// An answer that came then was called back on the thread that ended the agent.
TEST(SerialThreadTest, WhatItGetsWhileItFinishesStillRunsOnIt) {
  std::promise<void> release;
  std::thread::id own, where;
  SerialThread thread(1'000'000, [](const std::string&) {});
  ASSERT_TRUE(thread.post([&] {
    own = std::this_thread::get_id();
    release.get_future().wait();
  }));
  std::thread finisher([&] { thread.finish(); });
  EXPECT_TRUE(testing::wait_until([&] { return !thread.try_post([] {}); })) << "it finishes";
  EXPECT_TRUE(thread.post([&] { where = std::this_thread::get_id(); }));
  release.set_value();
  finisher.join();
  EXPECT_EQ(where, own);
  EXPECT_FALSE(thread.post([] {}));
}

}  // namespace
}  // namespace estop::agent
