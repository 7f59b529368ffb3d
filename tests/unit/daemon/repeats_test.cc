// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/repeats.h"

#include <gtest/gtest.h>

namespace estop::daemon {
namespace {

constexpr std::uint64_t kMinute_ms = Repeats::kEvery_ms;

TEST(RepeatsTest, TheSameWarningIsToldOnceAMinuteWithTheCountOfThoseLeftOut) {
  Repeats repeats;
  EXPECT_TRUE(repeats.see("broker gone", 5).is_told);
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(repeats.see("broker gone", 6).is_told);
  EXPECT_TRUE(repeats.see("disk full", 6).is_told);
  const auto again = repeats.see("broker gone", 5 + kMinute_ms);
  EXPECT_TRUE(again.is_told);
  EXPECT_EQ(again.left_out, 7U);
  EXPECT_EQ(repeats.see("broker gone", 5 + 2 * kMinute_ms).left_out, 0U);
}

TEST(RepeatsTest, TheCountOfAWarningThatEndedIsOwedAMinuteLater) {
  Repeats repeats;
  for (int i = 0; i < 3; ++i) (void)repeats.see("broker gone", 0);
  (void)repeats.see("once", 0);
  EXPECT_TRUE(repeats.take_owed(kMinute_ms - 1).empty());
  EXPECT_EQ(repeats.take_owed(kMinute_ms), (std::vector<Repeats::Owed>{{"broker gone", 2}}));
  EXPECT_EQ(repeats.size(), 0U);
  EXPECT_TRUE(repeats.take_owed(kMinute_ms).empty());
}

TEST(RepeatsTest, ItsMemoryIsBoundedAndNoCountIsLost) {
  Repeats repeats;
  (void)repeats.see("first", 0);
  (void)repeats.see("first", 0);
  for (std::size_t i = 0; i < 10 * Repeats::kLinesMax; ++i) {
    EXPECT_TRUE(repeats.see(std::to_string(i), 1).is_told);
  }
  EXPECT_EQ(repeats.size(), Repeats::kLinesMax);
  EXPECT_EQ(repeats.take_owed(1), (std::vector<Repeats::Owed>{{"first", 1}}));
  const std::string large(Repeats::kLineMax_bytes + 1, 'x');
  EXPECT_TRUE(repeats.see(large, 1).is_told);
  EXPECT_TRUE(repeats.see(large, 1).is_told) << "not remembered";
}

}  // namespace
}  // namespace estop::daemon
