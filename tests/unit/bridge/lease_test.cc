// SPDX-License-Identifier: Apache-2.0

// H23, H32, I5: the lease counts from the sending of one's own beat, on the clock that is an
// argument.
#include "broker-bridge/core/contact/lease.h"

#include <gtest/gtest.h>

namespace estop::bridge {
namespace {

TEST(LeaseTest, ItRunsFromTheSendingOfTheEchoedBeat) {
  struct Row {
    const char* what;
    Nanos sent_at;
    Nanos now;
    bool holds;
  };
  const Row rows[] = {{"echoed at once", 100, 100, true},
                      {"the last moment", 100, 599, true},
                      {"over", 100, 600, false},
                      {"the echo took longer than the lease", 100, 5'000, false},
                      {"the machine slept", 100, 30'000'000, false}};
  for (const Row& row : rows) {
    Lease lease(500, 1);
    lease.granted(lease.beat(row.sent_at, false));
    EXPECT_EQ(lease.holds(row.now), row.holds) << row.what;
  }
}

TEST(LeaseTest, OnlyOwnNoncesCountAndEachOnce) {
  Lease lease(500, 77);
  EXPECT_FALSE(lease.holds(0));
  const auto nonce = lease.beat(100, true);
  lease.granted(nonce + 1);
  lease.granted(nonce - 64);
  EXPECT_FALSE(lease.holds(100));
  EXPECT_TRUE(lease.granted(nonce));
  EXPECT_FALSE(lease.granted(nonce)) << "a repeated frame admits nobody again";
}

TEST(LeaseTest, AnOlderEchoNeverShortensIt) {
  Lease lease(500, 1);
  const auto first = lease.beat(100, false);
  lease.granted(lease.beat(300, false));
  lease.granted(first);
  EXPECT_EQ(lease.until(), 800);
}

TEST(LeaseTest, AfterForgettingNoEarlierBeatCounts) {
  Lease lease(500, 1);
  const auto nonce = lease.beat(100, true);
  lease.granted(lease.beat(100, true));
  lease.forget();
  EXPECT_FALSE(lease.holds(100));
  EXPECT_FALSE(lease.granted(nonce));
  EXPECT_FALSE(lease.holds(100));
}

}  // namespace
}  // namespace estop::bridge
