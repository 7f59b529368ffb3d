// SPDX-License-Identifier: Apache-2.0
#include "control/app/claims_round.h"

#include <gtest/gtest.h>

namespace estop::control {
namespace {

using Next = ClaimsRound::Next;
using Found = ClaimsRound::Found;

const AccountJwts kWanted{"agents", "control", "sys"};

TEST(ClaimsRound, OfABrokerThatHasAllPushesNothing) {
  AccountJwts told;
  ClaimsRound round(kWanted, true);
  EXPECT_EQ(round.compared("agents", told), Found{Next::kCompare});
  EXPECT_EQ(round.account(), Account::kControl);
  EXPECT_EQ(round.compared("control", told), Found{Next::kCompare});
  EXPECT_EQ(round.compared("sys", told), Found{Next::kDone});
  EXPECT_TRUE(round.pushed().empty());
  EXPECT_EQ(told, kWanted);
}

TEST(ClaimsRound, PushesWhatDiffersAndComparesItOnceMore) {
  AccountJwts told;
  ClaimsRound round(kWanted, false);
  EXPECT_EQ(round.compared("older", told), Found{Next::kPush});
  EXPECT_EQ(round.jwt(), "agents");
  EXPECT_EQ(round.compared("agents", told), Found{Next::kCompare});
  EXPECT_EQ(round.account(), Account::kControl);
  EXPECT_EQ(round.pushed(), std::set{Account::kAgents});
}

TEST(ClaimsRound, IssuesAnewWhatABrokerDoesNotTakeTwice) {
  AccountJwts told;
  ClaimsRound round(kWanted, false);
  EXPECT_EQ(round.compared("", told), Found{Next::kPush});
  EXPECT_EQ(round.compared("", told), Found{Next::kRenew});
  round.renewed({"newer", "control", "sys"});
  EXPECT_EQ(round.jwt(), "newer");
  EXPECT_EQ(round.compared("newer", told), Found{Next::kCompare});
}

TEST(ClaimsRound, EndsWhereABrokerDoesNotTakeTheNewOneEither) {
  AccountJwts told;
  ClaimsRound round(kWanted, false);
  EXPECT_EQ(round.compared("", told), Found{Next::kPush});
  EXPECT_EQ(round.compared("", told), Found{Next::kRenew});
  EXPECT_EQ(round.compared("", told), Found{Next::kRefused});
}

struct Difference {
  const char* name;
  bool is_look;
  const char* told;  // at the last look
  const char* kept;  // now
  bool by_another;
};
class DifferenceOf : public testing::TestWithParam<Difference> {};

TEST_P(DifferenceOf, NamesWhoMadeIt) {
  AccountJwts told{GetParam().told, "", ""};
  ClaimsRound round(kWanted, GetParam().is_look);
  const Found expected{Next::kPush, GetParam().by_another};
  EXPECT_EQ(round.compared(GetParam().kept, told), expected);
}

INSTANTIATE_TEST_SUITE_P(
    ClaimsRound, DifferenceOf,
    testing::Values(Difference{"AtTheFirstLook", true, "", "other", true},
                    Difference{"AtAFirstChange", false, "", "other", false},
                    Difference{"OfWhatTheBrokerHad", true, "before", "before", false},
                    Difference{"OfAnotherOne", true, "before", "other", true},
                    Difference{"OfAnotherOneAtAChange", false, "before", "other", true}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace estop::control
