// SPDX-License-Identifier: Apache-2.0
#include "schemas/invariant.h"

#include <gtest/gtest.h>

namespace estop::schemas {
namespace {

TEST(Invariant, ThatHoldsIsNothing) {
  ensure(true, "one and one are two");
}

TEST(InvariantDeathTest, ThatDoesNotHoldEndsTheProcessAndIsNamed) {
  EXPECT_DEATH(ensure(false, "one and one are two"), "not so: one and one are two");
}

}  // namespace
}  // namespace estop::schemas
