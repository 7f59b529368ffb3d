// SPDX-License-Identifier: Apache-2.0

// What reaches a terminal. Hazard H50.
#include "schemas/printable.h"

#include <gtest/gtest.h>

#include "schemas/codec.h"

namespace estop::schemas {
namespace {

struct Shown {
  std::string_view given;
  std::string_view shown;
};

constexpr Shown kShown[] = {
    {"", ""},
    {" broken\tlink\x7f", "broken link"},
    {"\x1b[2Jgone", "[2Jgone"},
    {"a\xc2\x9b"
     "2Jb",
     "a 2Jb"},                   // U+009B is ESC [ in one character
    {"\xc2\x80x\xc2\x9f", "x"},  // the first and the last of C1
    {"\xc2\xa0x", "\xc2\xa0x"},  // the one behind them
    {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
    {"x\xc2", "x"},  // half a character
    {"gr\xfcn", "gr n"},
};

TEST(Printable, TimesAreForPeople) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(1'795'307'142'999), "2026-11-22T00:25:42Z");
}

TEST(Printable, HasNothingThatATerminalObeys) {
  for (const Shown& row : kShown) EXPECT_EQ(printable(row.given), row.shown) << row.given;
}

// Each would show `a` and `b` in another order than they stand, or hide where one ends.
constexpr std::string_view kDirections[] = {
    "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
    "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};
constexpr std::string_view kNeighbours[] = {"\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa9",
                                            "\xe2\x80\xaf", "\xe2\x81\xa5", "\xe2\x81\xaa",
                                            "\xd8\x9b"};

TEST(Printable, HasNoMarkThatChangesTheDirectionOfALine) {
  for (const std::string_view mark : kDirections) {
    EXPECT_EQ(printable("a" + std::string(mark) + "b"), "a b") << mark;
  }
  for (const std::string_view other : kNeighbours) {
    EXPECT_EQ(printable(other), other) << other;
  }
}

TEST(Printable, IsCutAtAWholeCharacter) {
  EXPECT_EQ(printable("ab\xc3\xa9", 3), "ab");
  EXPECT_EQ(printable("ab\xc3\xa9", 4), "ab\xc3\xa9");
  EXPECT_EQ(printable("ab   cd", 4), "ab");
  EXPECT_EQ(printable(std::string(2'000, 'x'), 1'024).size(), 1'024U);
}

TEST(Printable, IsTextThatARecordMayHold) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_TRUE(is_clean_text(printable(all)));
}

}  // namespace
}  // namespace estop::schemas
