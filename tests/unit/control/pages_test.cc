// SPDX-License-Identifier: Apache-2.0

// Answers that are longer than a message: page by page, and bounded at their source.
#include <gtest/gtest.h>

#include <set>

#include "control/core/questions/page.h"
#include "control/core/questions/shown.h"
#include "control/json/replies.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

std::string instance_name(int i) {
  return "inst" + std::to_string(100'000 + i);
}

// All pages of an answer.
std::vector<Json> pages(World& world, const std::string& verb, Json request) {
  std::vector<Json> all;
  do {
    if (!all.empty()) request["after"] = all.back()["next"];
    all.push_back(world.answers(world.ask(verb, request)).back());
    EXPECT_LE(all.back().dump().size(), 2 * kPageMax_bytes);
    EXPECT_TRUE(all.back()["done"]);
  } while (all.back().contains("next") && all.size() < 1'000);
  return all;
}

std::vector<Json> items(const std::vector<Json>& pages, const char* list) {
  std::vector<Json> all;
  for (const Json& page : pages) all.insert(all.end(), page[list].begin(), page[list].end());
  return all;
}

void populate(World& world, int addresses, int instances) {
  for (int a = 0; a < addresses; ++a) {
    for (int i = 0; i < instances; ++i) {
      world.hello("acme/prod/x" + std::string(a, '-') + "z", instance_name(i));
    }
  }
}

TEST(Pages, H61PsShowsEveryInstanceOnceOverManyPages) {
  World world;
  populate(world, 3, 1'000);
  const auto all = pages(world, "ps", {{"wide", true}});
  EXPECT_GT(all.size(), 2U);
  std::set<std::string> names;
  for (const Json& one : items(all, "agents")) {
    EXPECT_TRUE(names.insert(one["address"].get<std::string>() + one["instance"].get<std::string>())
                    .second);
  }
  EXPECT_EQ(names.size(), 3'000U);
}

TEST(Pages, H61StatusShowsEveryKillWithItsLongReason) {
  World world;
  const std::string reason(1'000, '"');
  for (int i = 0; i < 400; ++i) {
    world.ask("kill", {{"scope", "acme/prod/x" + std::to_string(i % 7)},
                       {"reason", reason},
                       {"op_id", "k" + std::to_string(i)}});
  }
  const auto all = pages(world, "status", Json::object());
  EXPECT_GT(all.size(), 2U);
  std::set<std::string> ids;
  for (const Json& kill : items(all, "kills")) ids.insert(kill["op_id"]);
  EXPECT_EQ(ids.size(), 400U);
  EXPECT_EQ(items(pages(world, "ps", {{"limit", 7}}), "kills").size(), 400U);
}

TEST(Pages, ALimitIsKeptAndTheCursorGoesOnBehindIt) {
  World world;
  populate(world, 1, 10);
  Json request{{"limit", 4}};
  const auto all = pages(world, "ps", request);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["agents"].size(), 4U);
  EXPECT_EQ(all[2]["agents"].size(), 2U);
}

TEST(Pages, ACursorOfAnotherQuestionIsRefused) {
  World world;
  EXPECT_EQ(world.error(world.ask("status", {{"after", "agent/x"}})), "bad-argument");
  EXPECT_EQ(world.error(world.ask("ps", {{"after", "nonsense"}})), "bad-argument");
}

// What a resume asks: as long with 3,000 instances as with none.
TEST(Pages, H61TheKillsOfAScopeAreToldWithoutItsInstances) {
  World world;
  populate(world, 1, 3'000);
  world.kill("acme/prod/xz", "k1");
  world.kill("acme/*", "k2");
  world.kill("acme/prod/other", "k3");
  const Json answer = world.answers(world.ask("ps", {{"kills_of", "acme/prod/xz"}})).back();
  EXPECT_FALSE(answer.contains("agents"));
  EXPECT_EQ(answer["instances"], 3'000);
  ASSERT_EQ(answer["kills"].size(), 2U);
  EXPECT_FALSE(answer.contains("next"));
  EXPECT_LT(answer.dump().size(), 2'000U);
}

AuditRow row(std::uint64_t number, std::size_t detail_bytes) {
  AuditRow made;
  made.number = number;
  made.entry.kind = "kill";
  made.entry.detail = Json{{"reason", std::string(detail_bytes, '"')}}.dump();
  return made;
}

TEST(Pages, H61TheAuditIsCutByBytesAndSaysWhereToGoOn) {
  std::vector<AuditRow> rows;
  for (std::uint64_t i = 1; i <= 300; ++i) rows.push_back(row(i, 1'000));
  const Json first = Json::parse(to_json(AuditPage{rows, {.limit = 1'000}, {}}));
  EXPECT_LT(first["rows"].size(), 300U);
  EXPECT_EQ(first["next"], first["rows"].back()["number"]);
  const Json all = Json::parse(to_json(AuditPage{{rows[0], rows[1]}, {.limit = 1'000}, {}}));
  EXPECT_FALSE(all.contains("next"));
  EXPECT_TRUE(
      Json::parse(to_json(AuditPage{{rows[0], rows[1]}, {.limit = 2}, {}})).contains("next"));
}

TEST(Pages, ALineOfTheAuditThatFitsNoMessageIsStillAnswered) {
  const Json answer =
      Json::parse(to_json(AuditPage{{row(1, 900'000), row(2, 10)}, {.limit = 10}, {}}));
  EXPECT_LT(answer.dump().size(), schemas::kMessageMax_bytes);
  ASSERT_EQ(answer["rows"].size(), 2U);
  EXPECT_GT(answer["rows"][0]["detail"]["too_large_to_show_bytes"], 900'000U);
}

// --- What is remembered has a bound ---

TEST(Bounds, H61AnAddressKeepsOnlyItsNewestPastInstances) {
  World world;
  for (int i = 0; i < 1'000; ++i) {
    world.hello("acme/prod/x", instance_name(i));
    world.goodbye("acme/prod/x", instance_name(i));
  }
  world.hello("acme/prod/x", "aaaaaaa1");
  world.pass(2'000);
  EXPECT_LE(world.core->registry().size(), kPastInstancesMax + 1);
}

TEST(Bounds, TheCrashedAreForgottenWhenTheyAreToldAndMany) {
  World world;
  populate(world, 1, 500);
  world.pass(60'000);
  EXPECT_LE(world.core->registry().size(), kPastInstancesMax);
  EXPECT_EQ(world.audited("agent-crashed"), 100U) << "and a line that sums up the others";
}

// B5: they would crash once more after every restart, and be missing in every kill until then.
TEST(Bounds, H61ARestartDoesNotWaitForWhoHadCrashedBefore) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.hello("acme/prod/x", "aaaaaaa2");
  for (int i = 0; i < 20; ++i) {
    world.pass(5'000);
    world.agent_beat("acme/prod/x", "aaaaaaa1");
  }
  ASSERT_EQ(world.audited("agent-crashed"), 1U);
  world.restart();
  const std::string order = world.kill("acme/prod/x", "k1");
  EXPECT_EQ(world.stage(order, "stopped")["of"], 1) << "the one that may be alive";
  world.pass(60'000);
  EXPECT_EQ(world.audited("agent-crashed"), 2U) << "the other one, and nobody a second time";
}

TEST(Bounds, WhoWasTakenForCrashedAndBeatsAgainIsWaitedForAgain) {
  World world;
  world.hello("acme/prod/x", "aaaaaaa1");
  world.pass(60'000);
  world.agent_beat("acme/prod/x", "aaaaaaa1");
  world.pass(2'000);
  world.restart();
  EXPECT_EQ(world.agent_beat("acme/prod/x", "aaaaaaa1").code, schemas::Errc::kOk);
}

// Each kept the sentences of all before it: 1,100 of them a gigabyte.
TEST(Bounds, OneMoreKillOfAScopeNamesAFewOfThoseBeforeIt) {
  World world;
  std::string last;
  for (int i = 0; i < 100; ++i) last = world.kill("acme/prod/x", "k" + std::to_string(i));
  const std::string warning = world.stage(last, "accepted")["warning"];
  EXPECT_LT(warning.size(), 1'000U);
  EXPECT_NE(warning.find("and by 96 more kills of it"), std::string::npos) << warning;
}

// It would have been too large to be sent, and the agent would have heard nothing at all.
TEST(Bounds, AnAgentUnderManyKillsIsToldAFewOfThem) {
  World world;
  for (int i = 0; i < 1'100; ++i) world.kill("acme/prod/x", "k" + std::to_string(i));
  EXPECT_EQ(world.hello("acme/prod/x", "aaaaaaa1").latches.size(), 64U);
  EXPECT_EQ(world.agent_beat("acme/prod/x", "aaaaaaa1").latches.size(), 64U);
}

// Its receipt could not be counted any more, and the kill never became *stopped*.
TEST(Bounds, WhoOwesTheReceiptOfAKillIsKeptUntilItComes) {
  World world;
  world.hello("acme/prod/x", "owes0001");
  world.agent_beat("acme/prod/x", "owes0001");
  (void)world.kill("acme/prod/x", "k1");
  for (int i = 0; i < 500; ++i) {
    world.hello("acme/prod/x", instance_name(i));
    world.goodbye("acme/prod/x", instance_name(i));
  }
  world.pass(60'000);  // it crashed
  world.now.wall_ms += kPastInstances_ms + 1;
  world.pass(2'000);
  const auto address = *schemas::Address::parse("acme/prod/x");
  const auto instance = *schemas::Instance::parse("owes0001");
  const auto is_known = [&] {
    return !world.core->registry().covered_by(schemas::Scope::of(address, instance)).empty();
  };
  ASSERT_TRUE(is_known());
  EXPECT_LE(world.core->registry().size(), kPastInstancesMax + 1);
  world.stopped("acme/prod/x", "owes0001", "k1");
  EXPECT_EQ(world.audited("instance-stopped"), 1U);
  world.pass(2'000);
  EXPECT_FALSE(is_known()) << "then it is as old as it is";
}

// What a page is filled by has to be more than what its text becomes, whatever stands in it.
TEST(Pages, NoItemTakesMoreRoomThanItIsCountedFor) {
  std::string evil = "\x01\x1f\"\\/\x7f\n\xff\xc3\xa9 plain";
  const std::string no_name(64, 'x');
  schemas::Latch latch{.op_id = evil, .seq = UINT64_MAX, .mode = schemas::KillMode::kGrace};
  latch.scope = schemas::Scope::parse("acme/prod/x").value();
  latch.actor = latch.reason = evil;
  latch.since_ms = 253'402'300'799'999;  // the year 9999
  const ShownKill kill{latch, UINT64_MAX, evil};
  ShownBridge bridge{{no_name, no_name}, false, false, schemas::BridgeBeat{}, UINT64_MAX};
  bridge.beat->applied.seq = bridge.beat->forwarded = bridge.beat->refused = UINT64_MAX;
  bridge.beat->refused_killed = bridge.beat->after_fence = UINT64_MAX;
  schemas::Resume resume{.scope = latch.scope};
  resume.through.place = {UINT64_MAX, UINT64_MAX, {}};
  resume.through.count = UINT64_MAX;
  ShownProposal by_place{{}, UINT64_MAX};
  by_place.draft.body = resume;
  by_place.draft.op_id = by_place.draft.actor.name = by_place.draft.reason = evil;
  resume.through = {};
  resume.lifts.assign(schemas::kLiftsMax, evil);
  ShownProposal by_name = by_place;
  by_name.draft.body = resume;
  ShownInstance instance;
  instance.stored.address = address_of("acme/prod/x");
  instance.stored.instance = schemas::Instance::parse(instance_name(1)).value();
  instance.stored.host = evil;
  instance.stored.pid = instance.incarnation = instance.heard_ms_ago = UINT64_MAX;
  instance.killed = {evil, evil, false};
  instance.more = {evil, evil, {}};
  schemas::Beat& beat = instance.more->counters;
  beat.sent = beat.succeeded = beat.failed = beat.handled = beat.latency_total_us = UINT64_MAX;
  beat.cost_micro_usd = beat.tokens = beat.api_calls = UINT64_MAX;
  const schemas::CheckpointInfo checkpoint{evil, UINT64_MAX, UINT64_MAX};
  const AmbiguousEffect effect{{}, evil, evil, UINT64_MAX};

  const auto bytes_in = [](const Reply& page, const char* list) {
    const std::string text = to_json(page);
    const Json shown = Json::parse(text);
    EXPECT_EQ(shown[list].size(), 1U) << list;
    return shown[list][0].dump(-1, ' ', false, Json::error_handler_t::replace).size();
  };
  StatusPage status;
  status.kills = {kill};
  status.bridges = {bridge};
  EXPECT_LE(bytes_in(status, "kills"), shown_bytes(kill));
  EXPECT_LE(bytes_in(status, "bridges"), shown_bytes(bridge));
  for (const ShownProposal& proposal : {by_place, by_name}) {
    status.proposals = {proposal};
    EXPECT_LE(bytes_in(status, "proposals"), shown_bytes(proposal));
  }
  AgentPage agent;
  agent.address = instance.stored.address;
  agent.instances = {instance};
  agent.checkpoints = {checkpoint};
  agent.begun = {effect};
  EXPECT_LE(bytes_in(agent, "instances"), shown_bytes(instance));
  EXPECT_LE(bytes_in(agent, "checkpoints"), shown_bytes(checkpoint));
  EXPECT_LE(bytes_in(agent, "effects_begun"), shown_bytes(effect));
  agent.instances[0].more.reset();
  EXPECT_LE(bytes_in(agent, "instances"), shown_bytes(agent.instances[0]));
}

}  // namespace
}  // namespace estop::control
