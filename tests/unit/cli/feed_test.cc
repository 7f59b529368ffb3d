// SPDX-License-Identifier: Apache-2.0

// A reader of the live feed shows every line once, whatever is lost on the way.
#include "control/cli/feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace estop::cli {
namespace {

using Numbers = std::vector<std::uint64_t>;

// An audit, and a reader of it.
struct Reader {
  explicit Reader(std::optional<std::uint64_t> after = {}) : place(after) {}
  void hear(std::uint64_t number) {
    if (place.takes(number)) shown.push_back(number);
  }
  // Reads up to `head` in pages of two, as `watch` does.
  void catch_up(std::uint64_t head) {
    while (place.last() < head) {
      const std::uint64_t page = std::min(head, place.last() + 2);
      for (std::uint64_t n = place.last() + 1; n <= page; ++n) {
        place.took(n);
        shown.push_back(n);
      }
    }
    place.caught_up();
  }
  FeedPlace place;
  Numbers shown;
};

TEST(Feed, ShowsWhatComesInOrderAtOnce) {
  Reader reader;
  for (const std::uint64_t n : {7U, 8U, 0U, 9U}) reader.hear(n);
  EXPECT_EQ(reader.shown, (Numbers{7, 8, 0, 9}));
  EXPECT_FALSE(reader.place.is_behind());
}

TEST(Feed, ReadsWhatWasLostBeforeItGoesOn) {
  Reader reader;
  reader.hear(7);
  reader.hear(10);
  EXPECT_TRUE(reader.place.is_behind());
  reader.hear(0);   // no line of the audit: it waits for nothing
  reader.hear(11);  // comes with the audit, too
  reader.catch_up(10);
  EXPECT_TRUE(reader.place.is_behind()) << "11 was heard of";
  reader.catch_up(11);
  EXPECT_FALSE(reader.place.is_behind());
  reader.hear(12);
  EXPECT_EQ(reader.shown, (Numbers{7, 0, 8, 9, 10, 11, 12}));
}

TEST(Feed, WhatWasReadIsNotShownAgainWhenItIsHeard) {
  Reader reader(4);
  EXPECT_TRUE(reader.place.is_behind());
  reader.catch_up(9);
  for (const std::uint64_t n : {8U, 9U, 10U}) reader.hear(n);
  EXPECT_EQ(reader.shown, (Numbers{5, 6, 7, 8, 9, 10}));
}

TEST(Feed, AConnectionThatWasAwayIsAReasonToAsk) {
  Reader reader;
  reader.place.was_away();
  EXPECT_FALSE(reader.place.is_behind()) << "it has no place yet";
  reader.hear(7);
  reader.place.was_away();
  EXPECT_TRUE(reader.place.is_behind());
  reader.catch_up(7);
  EXPECT_FALSE(reader.place.is_behind());
}

TEST(Feed, BeginsAtTheNewestLineUnlessItHeardOneBefore) {
  Reader reader;
  reader.place.begins_at(6);
  reader.hear(7);
  reader.place.begins_at(3);
  reader.hear(9);
  EXPECT_EQ(reader.shown, Numbers{7});
  EXPECT_TRUE(reader.place.is_behind());
}

TEST(Feed, AnAuditThatWasBroughtBackFromACopyIsShownFromThereOn) {
  Reader reader;
  for (const std::uint64_t n : {7U, 8U, 4U, 5U}) reader.hear(n);
  EXPECT_EQ(reader.shown, (Numbers{7, 8, 4, 5}));
}

TEST(Feed, WhatTheAuditDoesNotHaveIsNotAskedForWithoutEnd) {
  Reader reader;
  reader.hear(7);
  reader.hear(99);
  for (int i = 0; i < 3 && reader.place.is_behind(); ++i) reader.catch_up(8);
  EXPECT_FALSE(reader.place.is_behind());
}

// An answer without anything new may have left before the event did.
TEST(Feed, AnEventThatComesBeforeAnEmptyAnswerIsAReasonToAskOnceMore) {
  Reader reader(7);
  reader.catch_up(7);
  reader.place.was_away();
  reader.hear(8);
  reader.catch_up(7);
  ASSERT_TRUE(reader.place.is_behind());
  reader.catch_up(8);
  EXPECT_FALSE(reader.place.is_behind());
  EXPECT_EQ(reader.shown, (Numbers{8}));
}

// Events that are lost, and looks at the audit at any moment.
TEST(Feed, ShowsEveryLineOnceInOrder) {
  std::mt19937 random(::testing::UnitTest::GetInstance()->random_seed());
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  for (int round = 0; round < 200; ++round) {
    Reader reader;
    reader.place.begins_at(0);
    std::uint64_t head = 0;      // of the audit
    std::uint64_t heard_to = 0;  // published to the reader, or lost
    while (head < 60) {
      if (chance(2)) ++head;
      if (heard_to < head && chance(2) && ++heard_to != 0 && !chance(4)) reader.hear(heard_to);
      if (chance(20)) reader.place.was_away();
      if (reader.place.is_behind() && chance(2)) reader.catch_up(head);
    }
    reader.place.was_away();
    reader.catch_up(head);
    Numbers all(head);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
    ASSERT_EQ(reader.shown, all) << "round " << round;
  }
}

}  // namespace
}  // namespace estop::cli
