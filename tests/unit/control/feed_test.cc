// SPDX-License-Identifier: Apache-2.0

// The live feed is the tail of the audit: each event has the number of its line.
#include <gtest/gtest.h>

#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

class Feed : public ::testing::Test {
 protected:
  Feed() {
    world.start();
    world.open("b1");
    world.feed.clear();
    before = world.audit.size();
  }
  std::vector<World::Fed> of_kind(const std::string& kind) const {
    std::vector<World::Fed> found;
    for (const World::Fed& event : world.feed) {
      if (event.entry.kind == kind) found.push_back(event);
    }
    return found;
  }
  World world;
  std::size_t before = 0;
};

TEST_F(Feed, HasEachLineOfTheAuditOnceWithItsNumber) {
  world.kill("acme/prod/x", "k1");
  world.receipt("b1", "k1");
  world.resume("acme/prod/x", "r1");
  world.emergency(world.order("acme/prod/y", "k2"));
  world.write("k2");
  ASSERT_GT(world.audit.size(), before + 4);
  ASSERT_EQ(world.feed.size(), world.audit.size() - before);
  for (std::size_t i = 0; i < world.feed.size(); ++i) {
    EXPECT_EQ(world.feed[i].number, before + i + 1);
    EXPECT_EQ(world.feed[i].entry, world.audit[before + i]);
    EXPECT_EQ(world.feed[i].kind, world.feed[i].entry.kind);
  }
}

TEST_F(Feed, WhatCannotBeWrittenComesWithoutANumber) {
  world.recorder_up = false;
  world.kill("acme/prod/x", "k1");  // nobody knows yet
  world.kill("acme/prod/y", "k2");
  for (const World::Fed& event : world.feed) EXPECT_EQ(event.number, 0U) << event.entry.kind;
  EXPECT_EQ(of_kind("kill").size(), 1U);
  EXPECT_FALSE(of_kind("alarm-recorder-failed").empty());
  world.feed.clear();
  world.recorder_up = true;
  world.pass(2'000);
  EXPECT_EQ(of_kind("kill").size(), 2U) << "both, on the disk now";
  for (const World::Fed& event : of_kind("kill")) EXPECT_GT(event.number, 0U);
}

TEST_F(Feed, WhatIsNoLineOfTheAuditHasNoNumber) {
  world.hello("acme/prod/x", "aaaaaaaa");
  world.agent_beat("acme/prod/x", "aaaaaaaa");
  world.pass(2'000);
  ASSERT_EQ(of_kind("agent-healthy").size(), 1U);
  EXPECT_EQ(of_kind("agent-healthy").front().number, 0U);
}

}  // namespace
}  // namespace estop::control
