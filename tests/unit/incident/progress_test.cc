// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/progress.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace estop::incident {
namespace {

std::vector<std::size_t> take_all(Progress& progress) {
  std::vector<std::size_t> rows;
  while (const auto row = progress.take()) rows.push_back(*row);
  return rows;
}

using Rows = std::vector<std::size_t>;

TEST(Progress, HandsOutAWindowOfRowsInOrder) {
  Progress progress(10, 3);
  EXPECT_EQ(take_all(progress), (Rows{0, 1, 2}));
  progress.confirm(1);
  EXPECT_EQ(take_all(progress), (Rows{3}));
}

TEST(Progress, TakesAReleasedRowAgainFirst) {
  Progress progress(10, 2);
  take_all(progress);
  progress.release(0);
  EXPECT_EQ(take_all(progress), (Rows{0}));
}

TEST(Progress, IsCompleteWhenTheLastRowIsConfirmed) {
  Progress progress(2, 8);
  take_all(progress);
  progress.confirm(1);
  EXPECT_FALSE(progress.complete());
  progress.confirm(0);
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.confirmed(), 2U);
}

TEST(Progress, OfNoRowsIsCompleteAtOnce) {
  Progress progress(0, 8);
  EXPECT_TRUE(progress.complete());
  EXPECT_FALSE(progress.take());
}

TEST(Progress, IgnoresAnAnswerThatComesTwice) {
  Progress progress(3, 3);
  take_all(progress);
  progress.confirm(0);
  progress.confirm(0);
  progress.release(0);
  EXPECT_EQ(progress.confirmed(), 1U);
  EXPECT_FALSE(progress.take());
}

TEST(Progress, RestoredTakesAgainWhatWasUnderWay) {
  Progress progress(6, 4);
  take_all(progress);
  progress.confirm(0);
  progress.confirm(2);
  Progress restored = Progress::restore(progress.text(), 6, 8).value();
  EXPECT_EQ(restored.confirmed(), 2U);
  EXPECT_EQ(take_all(restored), (Rows{1, 3, 4, 5}));
}

TEST(Progress, NeverTakesAgainWhatIsSetAside) {
  Progress progress(3, 3);
  take_all(progress);
  progress.set_aside(1);
  progress.confirm(2);
  Progress restored = Progress::restore(progress.text(), 3, 3).value();
  EXPECT_EQ(take_all(restored), (Rows{0}));
  restored.confirm(0);
  EXPECT_TRUE(restored.complete());
  EXPECT_EQ(restored.confirmed(), 2U);
  EXPECT_EQ(restored.aside(), 1U);
}

TEST(Progress, DoesNotRunFarAheadOfARowThatKeepsFailing) {
  Progress progress(1'000'000, 2);
  std::size_t highest = 0;
  for (int i = 0; i < 10'000; ++i) {
    for (const std::size_t row : take_all(progress)) {
      row == 0 ? progress.release(row) : progress.confirm(row);
      highest = std::max(highest, row);
    }
  }
  EXPECT_LT(highest, 100U);
}

TEST(Progress, RefusesWhatIsNoCheckpointOfThisList) {
  for (const char* bad : {"", "17", "{}", R"({"rows":4,"below":0,"beyond":[],"aside":[]})",
                          R"({"rows":3,"below":4,"beyond":[],"aside":[]})",
                          R"({"rows":3,"below":0,"beyond":[3],"aside":[]})",
                          R"({"rows":3,"below":0,"beyond":[1,1],"aside":[]})",
                          R"({"rows":3,"below":-1,"beyond":[],"aside":[]})",
                          R"({"rows":3,"below":0,"beyond":"1","aside":[]})"}) {
    const auto restored = Progress::restore(bad, 3, 8);
    ASSERT_FALSE(restored) << bad;
    EXPECT_EQ(restored.error().code, schemas::Errc::kMalformed);
  }
}

// Whatever is lost, refused or cut off, every row is confirmed once and none is forgotten.
TEST(Progress, ComesToItsEndThroughAnyOrderOfAnswersAndRestarts) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const std::size_t rows = random() % 60;
    Progress progress(rows, 1 + random() % 9);
    std::vector<bool> done(rows);
    std::vector<std::size_t> under_way;
    while (!progress.complete()) {
      for (const std::size_t row : take_all(progress)) under_way.push_back(row);
      ASSERT_FALSE(under_way.empty());
      const std::size_t pick = random() % under_way.size();
      const std::size_t row = under_way[pick];
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(pick));
      if (random() % 4 == 0) {
        progress.release(row);
      } else {
        EXPECT_FALSE(done[row]);
        progress.confirm(row);
        done[row] = true;
      }
      if (random() % 20 == 0) {
        progress = Progress::restore(progress.text(), rows, 1 + random() % 9).value();
        under_way.clear();
      }
    }
    EXPECT_EQ(progress.confirmed(), rows);
    EXPECT_EQ(std::count(done.begin(), done.end(), true), static_cast<std::ptrdiff_t>(rows));
  }
}

}  // namespace
}  // namespace estop::incident
