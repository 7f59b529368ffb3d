// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/contact/arrival.h"

#include <gtest/gtest.h>

namespace estop::bridge {
namespace {

TEST(Arrival, IsLateWithWhatIsUnconfirmedAtTheEndOfTheLease) {
  struct Row {
    const char* what;
    Nanos now;
    std::size_t unconfirmed;
    bool late;
  };
  const Row rows[] = {{"all there", 10, 0, false},
                      {"on its way", 99, 5, false},
                      {"the lease is over", 100, 5, true},
                      {"the lease is over, all there", 100, 0, false}};
  for (const Row& row : rows) {
    Arrival arrival;
    arrival.expect(100);
    EXPECT_EQ(arrival.is_late(row.now, row.unconfirmed), row.late) << row.what;
  }
}

TEST(Arrival, IsToldOnce) {
  Arrival arrival;
  EXPECT_FALSE(arrival.is_late(100, 5)) << "nothing is expected";
  arrival.expect(100);
  EXPECT_TRUE(arrival.is_late(100, 5));
  EXPECT_FALSE(arrival.is_late(101, 5));
}

TEST(Arrival, WhatIsWrittenAfterAllWasThereIsNotMeant) {
  Arrival arrival;
  arrival.expect(100);
  EXPECT_FALSE(arrival.is_late(50, 0));
  EXPECT_FALSE(arrival.is_late(100, 5)) << "a receipt, say";
}

TEST(Arrival, OfABridgeThatIsOpenAgainIsForgotten) {
  Arrival arrival;
  arrival.expect(100);
  arrival.forget();
  EXPECT_FALSE(arrival.is_late(100, 5));
}

}  // namespace
}  // namespace estop::bridge
