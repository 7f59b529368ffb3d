// SPDX-License-Identifier: Apache-2.0

// The address of a host, asked with an end.
#include "broker-bridge/nats/names.h"

#include <gtest/gtest.h>

namespace estop::nats {
namespace {

constexpr std::chrono::seconds kLong{20};

TEST(Names, AHostThatIsThereIsFound) {
  Names names;
  EXPECT_TRUE(names.find("localhost", kLong));
  EXPECT_TRUE(names.find("localhost", kLong));
  EXPECT_EQ(names.open_questions(), 0U);
}

TEST(Names, AHostThatIsNotThereIsNamed) {
  Names names;
  const auto found = names.find("broker..example", kLong);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, schemas::Errc::kNoContact);
  EXPECT_NE(found.error().detail.find("broker..example"), std::string::npos);
  EXPECT_EQ(names.open_questions(), 0U);
}

TEST(Names, WhoHasNoPatienceLeavesAtOnceAndTheQuestionIsAskedOnce) {
  Names names;
  constexpr std::chrono::milliseconds kNone{0};
  for (int i = 0; i < 100; ++i) static_cast<void>(names.find("localhost", kNone));
  EXPECT_LE(names.open_questions(), 1U);
  EXPECT_TRUE(names.find("localhost", kLong)) << "the late answer counts";
}

}  // namespace
}  // namespace estop::nats
