// SPDX-License-Identifier: Apache-2.0

// Many kills of one scope: what is written can be read, what is not committed is never left out.
// Hazards H53, H59.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/kills_seen.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

std::vector<std::string> kill_many(World& world, int count, const std::string& reason) {
  std::vector<std::string> op_ids;
  for (int i = 0; i < count; ++i) {
    op_ids.push_back("cli-00112233445566778899aabbccdd" + std::to_string(1'000 + i));
    world.ask("kill", {{"scope", "acme/prod/x"},
                       {"reason", reason},
                       {"op_id", op_ids.back()},
                       {"wait", {"committed"}}});
  }
  return op_ids;
}

// The bridges and the next control read these.
void expect_all_is_readable(const World& world) {
  for (const auto& record : world.stream) {
    EXPECT_LE(record.frame.size(), schemas::kRecordMax_bytes) << record.record.op_id;
    EXPECT_TRUE(schemas::open_record(record.frame)) << record.record.op_id;
    const auto* resume = std::get_if<schemas::Resume>(&record.record.body);
    if (resume == nullptr) continue;
    EXPECT_LE(resume->lifts.size(), schemas::kLiftsMax) << record.record.op_id;
  }
}

Json through_seen(World& world) {
  const Json seen = world.answers(world.ask("ps", {{"kills_of", "acme/prod/x"}})).back();
  return testing::lifts_seen(seen, "acme/prod/x")["through"];
}

TEST(ManyKills, AreLiftedByOneRecordThatNamesAPlace_H53) {
  World world;
  world.open("b1");
  const auto op_ids = kill_many(world, 850, "broken link");
  const Json through = through_seen(world);
  EXPECT_EQ(through["count"], 850);
  const std::size_t before = world.stream.size();
  const auto inbox = world.resume("acme/prod/x", "r1", {{"through", through}});
  EXPECT_EQ(world.stream.size(), before + 1);
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
  expect_all_is_readable(world);
  world.beat("b1", schemas::BridgeState::kOpen);
  world.pass(200);
  EXPECT_TRUE(world.stage(inbox, "done")["ok"]) << world.answers(inbox).back();

  const auto again = world.resume("acme/prod/x", "r1", {{"through", through}});
  EXPECT_TRUE(world.stage(again, "done")["ok"]) << world.answers(again).back();
  world.restart();
  EXPECT_TRUE(world.stops.empty());
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
  EXPECT_EQ(world.error(world.kill("acme/prod/x", op_ids.front())), "log-conflict");
  Json other = through;
  other["count"] = 849;
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"through", other}})), "log-conflict");
}

TEST(ManyKills, AfterAPlaceStayAndAPlaceThatMeansOthersLiftsNothing_H53) {
  World world;
  kill_many(world, 300, "broken link");
  const Json through = through_seen(world);
  world.kill("acme/prod/x", "later");
  Json other = through;
  other["count"] = 299;
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"through", other}})), "log-conflict");
  other = through;
  other["hash"] = std::string(64, '0');
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"through", other}})), "log-conflict");
  EXPECT_EQ(world.core->ledger().latches().size(), 301U);
  const auto inbox = world.resume("acme/prod/x", "r1", {{"through", through}});
  ASSERT_EQ(world.core->ledger().latches().size(), 1U);
  EXPECT_NE(world.core->ledger().latches().find("later"), nullptr);
  EXPECT_NE(world.answers(inbox).front().dump().find("later"), std::string::npos)
      << "what still holds is told: " << world.answers(inbox).front();
}

TEST(ManyKills, ThatAreNamedOneByOneAreRefusedBeforeAnythingIsWritten_H53) {
  World world;
  const auto op_ids = kill_many(world, 300, "broken link");
  const auto inbox = world.resume("acme/prod/x", "r1", {{"lifts", op_ids}});
  EXPECT_EQ(world.error(inbox), "too-many");
  EXPECT_NE(world.answers(inbox).back().dump().find("through"), std::string::npos);
  EXPECT_EQ(world.core->ledger().latches().size(), 300U);
}

TEST(ManyKills, AreAllLiftedByAResumeThatNamesNone) {
  World world;
  kill_many(world, 600, "broken link");
  world.resume("acme/prod/x", "r1");
  EXPECT_TRUE(world.core->ledger().latches().all().empty());
  expect_all_is_readable(world);
}

TEST(ManyKills, AResumeThatNamesOneTwiceIsRefusedBeforeAnythingIsWritten_H53) {
  World world;
  world.kill("acme/prod/x", "k1");
  const std::vector<std::string> lifts(5'500, "k1");
  EXPECT_EQ(world.error(world.resume("acme/prod/x", "r1", {{"lifts", lifts}})), "bad-argument");
  EXPECT_EQ(world.committed("r1"), nullptr);
  expect_all_is_readable(world);
}

TEST(ManyKills, ThatAreNotCommittedAreAllInTheLeaseAndItsGrantsComeLast_H59) {
  World world;
  world.open("b1");
  world.stream_up = false;
  kill_many(world, 300, std::string(1'000, 'x'));
  world.leases.clear();
  world.beat("b1", schemas::BridgeState::kOpen);
  std::set<schemas::Bytes> told;
  ASSERT_GT(world.leases.size(), 1U) << "they do not fit one frame";
  for (const auto& lease : world.leases) {
    std::size_t bytes = 0;
    for (const auto& kill : lease.uncommitted) bytes += kill.size();
    EXPECT_LE(bytes, kLeaseKillsMax_bytes);
    told.insert(lease.uncommitted.begin(), lease.uncommitted.end());
    const bool is_last = &lease == &world.leases.back();
    EXPECT_EQ(lease.grants.empty(), !is_last);
  }
  EXPECT_EQ(told.size(), 300U);
  EXPECT_TRUE(world.was_granted("b1"));
}

}  // namespace
}  // namespace estop::control
