// SPDX-License-Identifier: Apache-2.0

// What an agent may take of control's time: budgets, lanes to the store, lines of the audit.
#include "control/core/agents/agent_budget.h"

#include <gtest/gtest.h>

#include "control/core/agents/audit_sums.h"
#include "control/core/agents/store_lanes.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

constexpr std::uint64_t kSecond_us = 1'000'000;
constexpr auto kA = "acme.prod.a";
constexpr auto kB = "acme.prod.b";

// So many messages in the second behind `from_us`; how many were admitted.
std::size_t admitted(AgentBudget& budget, AgentSays what, const std::string& address,
                     std::size_t messages, std::uint64_t from_us, std::size_t instances) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < messages; ++i) {
    const std::string instance = "inst" + std::to_string(1'000'000 + i % instances);
    found += budget.admits(what, address, instance, from_us + i * kSecond_us / messages) ? 1 : 0;
  }
  return found;
}

TEST(AgentBudgets, H60AFloodOfHellosUnderMadeUpInstancesIsCutToTheAddressShare) {
  AgentBudget budget({});
  std::size_t in_ten = 0;
  for (std::uint64_t second = 1; second <= 10; ++second) {
    in_ten += admitted(budget, AgentSays::kHello, kA, 30'000, second * kSecond_us, 300'000);
  }
  EXPECT_LE(in_ten, schemas::kInstancesMax + 10 * 400 + 400);
  EXPECT_TRUE(budget.admits(AgentSays::kHello, kB, "honest01", 11 * kSecond_us));
  EXPECT_TRUE(budget.admits(AgentSays::kBeat, kA, "honest01", 11 * kSecond_us)) << "another kind";
}

TEST(AgentBudgets, AFullFleetOfOneAddressMayComeBackAtOnceAndBeat) {
  AgentBudget budget({});
  const auto all = schemas::kInstancesMax;
  EXPECT_EQ(admitted(budget, AgentSays::kHello, kA, all, kSecond_us, all), all);
  for (std::uint64_t beat = 0; beat < 20; ++beat) {
    const std::uint64_t at = kSecond_us + beat * schemas::kAgentBeat_ms * 1'000;
    EXPECT_EQ(admitted(budget, AgentSays::kBeat, kA, all, at, all), all) << beat;
  }
  EXPECT_TRUE(budget.take_dropped().empty());
}

TEST(AgentBudgets, OneInstanceThatFloodsLeavesItsSiblingsTheirs) {
  AgentBudget budget({});
  EXPECT_LT(admitted(budget, AgentSays::kBeat, kA, 30'000, kSecond_us, 1), 100U);
  EXPECT_TRUE(budget.admits(AgentSays::kBeat, kA, "sibling1", 2 * kSecond_us));
}

TEST(AgentBudgets, AKilledAddressKeepsASmallOne) {
  AgentBudget budget({});
  std::size_t found = 0;
  for (int i = 0; i < 30'000; ++i) {
    found += budget.admits_killed(AgentSays::kHello, kA, kSecond_us) ? 1 : 0;
  }
  EXPECT_GT(found, 0U);
  EXPECT_LE(found, 200U);
  EXPECT_TRUE(budget.admits_killed(AgentSays::kStopped, kA, kSecond_us));
}

TEST(AgentBudgets, ToldOnceWhoWasDropped) {
  AgentBudget budget({});
  (void)admitted(budget, AgentSays::kHello, kA, 30'000, kSecond_us, 300'000);
  const auto dropped = budget.take_dropped();
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].address, kA);
  EXPECT_GT(dropped[0].messages, 20'000U);
  EXPECT_TRUE(budget.take_dropped().empty());
}

TEST(AgentBudgets, TheTableIsBoundedAndForgetsWhoHasRested) {
  AgentBudget budget({.addresses_max = 100, .instances_max = 200});
  for (int i = 0; i < 10'000; ++i) {
    const std::string address = "acme.prod.x" + std::to_string(i);
    (void)budget.admits(AgentSays::kHello, address, "inst0001", kSecond_us);
  }
  EXPECT_LE(budget.size(), 300U);
  EXPECT_TRUE(budget.admits(AgentSays::kBeat, "acme.prod.late", "inst0001", kSecond_us));
  budget.sweep(100 * kSecond_us);
  EXPECT_EQ(budget.size(), 0U);
}

// --- Of all together ---

// So many addresses that say as much as they can, and others that say a little.
struct Crowd {
  const char* name;
  AgentSays what;
  std::size_t loud;
  std::size_t loud_per_s;  // each
  std::size_t quiet;
  std::size_t quiet_per_s;
  std::size_t read_per_s;  // of all, at most
  bool all_quiet_are_read;
};

const Crowd kCrowds[] = {
    {"nobody is loud", AgentSays::kHello, 0, 0, 100, 5, 2'000, true},
    {"one is", AgentSays::kHello, 1, 400, 100, 5, 2'000, true},
    {"fifty credentials", AgentSays::kHello, 50, 400, 10, 1, 2'000, true},
    {"a hundred", AgentSays::kHello, 100, 100, 10, 5, 2'000, true},
    {"beats of thirty", AgentSays::kBeat, 30, 1'600, 20, 40, 20'000, true},
    {"receipts of thirty", AgentSays::kStopped, 30, 1'000, 20, 50, 4'000, true},
    {"the store of ten", AgentSays::kStore, 10, 3'000, 20, 100, 8'000, true},
    {"too many who say little", AgentSays::kHello, 0, 0, 8'000, 1, 2'000, false},
};

class CrowdedBudget : public ::testing::Test {
 protected:
  struct Read {
    std::size_t loud = 0;
    std::size_t quiet = 0;
  };
  // What is read in one second, over which everybody's messages are spread.
  Read second(const Crowd& crowd, std::uint64_t number) {
    Read read;
    for (std::size_t slice = 0; slice < kSlices; ++slice) {
      const std::uint64_t at = number * kSecond_us + slice * kSecond_us / kSlices;
      for (std::size_t i = 0; i < crowd.loud; ++i) {
        read.loud +=
            say(crowd.what, "evil.prod.x" + std::to_string(i), crowd.loud_per_s, slice, at);
      }
      for (std::size_t i = 0; i < crowd.quiet; ++i) {
        read.quiet +=
            say(crowd.what, "acme.prod.y" + std::to_string(i), crowd.quiet_per_s, slice, at);
      }
    }
    return read;
  }
  std::size_t say(AgentSays what, const std::string& address, std::size_t per_s, std::size_t slice,
                  std::uint64_t at) {
    std::size_t read = 0;
    const std::size_t until = (slice + 1) * per_s / kSlices;
    for (std::size_t i = slice * per_s / kSlices; i < until; ++i) {
      read += budget_.admits(what, address, "inst" + std::to_string(1'000 + i), at) ? 1 : 0;
    }
    return read;
  }

  static constexpr std::size_t kSlices = 20;
  AgentBudget budget_{{}};
};

TEST_F(CrowdedBudget, H60_OfManyCredentialsIsBoundedAndWhoSaysLittleIsRead) {
  constexpr std::uint64_t kSeconds = 2;
  for (const Crowd& row : kCrowds) {
    budget_ = AgentBudget({});
    std::uint64_t now = 1;
    for (; now <= 4; ++now) (void)second(row, now);  // until what a rest had saved up is used
    (void)budget_.take_dropped();
    Read all;
    for (const std::uint64_t end = now + kSeconds; now < end; ++now) {
      const Read read = second(row, now);
      all.loud += read.loud;
      all.quiet += read.quiet;
    }
    EXPECT_LE(all.loud + all.quiet, row.read_per_s * kSeconds * 21 / 20) << row.name;
    EXPECT_EQ(all.quiet == row.quiet * row.quiet_per_s * kSeconds, row.all_quiet_are_read)
        << row.name << ": " << all.quiet;
    for (const AgentsDropped& one : budget_.take_dropped()) {
      EXPECT_EQ(one.had_little, !row.all_quiet_are_read) << row.name << ": " << one.address;
      EXPECT_TRUE(one.had_little || one.address.starts_with("evil.")) << row.name << one.address;
    }
  }
}

TEST_F(CrowdedBudget, TwoFullFleetsThatComeBackAtOnceAreRead) {
  EXPECT_EQ(admitted(budget_, AgentSays::kHello, kA, 4'096, kSecond_us, 4'096), 4'096U);
  EXPECT_EQ(admitted(budget_, AgentSays::kHello, kB, 4'096, kSecond_us, 4'096), 4'096U);
}

TEST(CrowdedBudgetAlarm, SaysWhetherOneIsTooLoudOrAllAreTooMany) {
  World world;
  world.send(AgentsDropped{.address = "evil.prod.x1", .messages = 7});
  EXPECT_TRUE(world.alarmed("agent-over-budget"));
  EXPECT_FALSE(world.alarmed("agents-over-budget"));
  world.send(AgentsDropped{.address = {}, .messages = 7, .had_little = true});
  EXPECT_TRUE(world.alarmed("agents-over-budget"));
}

// --- Lanes ---

struct Lanes {
  explicit Lanes(StoreLanesOptions options = {})
      : lanes(options, [this](const WaitingStore& asked) {
          begun.push_back(asked.subject);
          return true;
        }) {}
  StoreLanes::Taken ask(const std::string& address, std::size_t bytes = 10) {
    return lanes.take(address, {address, {}, std::string(bytes, 'x')}, kSecond_us);
  }
  std::vector<std::string> begun;
  StoreLanes lanes;
};

TEST(StoreLane, OnlySoManyOfAnAddressAreAtTheRecorderAndTheRestWaits) {
  Lanes all;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(all.ask(kA), StoreLanes::Taken::kYes);
  EXPECT_EQ(all.begun.size(), 8U);
  EXPECT_EQ(all.lanes.waiting(), 92U);
  EXPECT_EQ(all.ask(kB), StoreLanes::Taken::kYes);
  EXPECT_EQ(all.begun.back(), kB) << "another address does not wait for it";
  for (int i = 0; i < 100; ++i) all.lanes.ended(kA, 100, kSecond_us);
  EXPECT_EQ(all.begun.size(), 101U);
  EXPECT_EQ(all.lanes.waiting(), 0U);
}

TEST(StoreLane, H60LargeAnswersAreABoundedNumberOfBytesASecond) {
  Lanes all;
  constexpr std::size_t kLarge = 1024 * 1024;
  std::uint64_t now = kSecond_us;
  std::size_t answered = 0;
  for (int i = 0; i < 4'000; ++i) (void)all.ask(kA);
  for (; now < 11 * kSecond_us; now += 100'000) {
    while (answered < all.begun.size()) {
      ++answered;
      all.lanes.ended(kA, kLarge, now);
    }
    all.lanes.tick(now);
  }
  EXPECT_GE(answered, 10U * 16U);
  EXPECT_LE(answered, 10U * 16U + 32U + 16U);
}

TEST(StoreLane, RefusesBeyondItsBoundAndThenIsSilent) {
  Lanes all({.waiting_max = 4});
  for (int i = 0; i < 12; ++i) EXPECT_EQ(all.ask(kA), StoreLanes::Taken::kYes);
  EXPECT_EQ(all.ask(kA), StoreLanes::Taken::kRefused);
  std::size_t refused = 1;
  for (int i = 0; i < 1'000; ++i) refused += all.ask(kA) == StoreLanes::Taken::kRefused ? 1 : 0;
  EXPECT_LE(refused, 101U);
  EXPECT_EQ(all.ask(kA), StoreLanes::Taken::kDropped);
}

TEST(StoreLane, TheBytesThatWaitAreBoundedOfOneAndOfAll) {
  Lanes all({.waiting_max_bytes = 1'000, .all_waiting_max_bytes = 1'500});
  for (int i = 0; i < 100; ++i) (void)all.ask(kA, 100);
  EXPECT_LE(all.lanes.waiting(), 10U);
  for (int i = 0; i < 100; ++i) (void)all.ask(kB, 100);
  EXPECT_LE(all.lanes.waiting(), 15U);
}

TEST(StoreLane, IsForgottenWhenItRests) {
  Lanes all;
  (void)all.ask(kA);
  all.lanes.ended(kA, 10, kSecond_us);
  all.lanes.tick(20 * kSecond_us);
  EXPECT_EQ(all.lanes.lanes(), 0U);
}

// --- The audit ---

TEST(AuditOfAgents, H60IsSummedUpWhenOneAddressWritesWithoutEnd) {
  World world;
  for (int i = 0; i < 1'000; ++i) {
    const std::string instance = "inst" + std::to_string(1'000 + i);
    world.hello("acme/prod/x", instance);
    world.goodbye("acme/prod/x", instance);
  }
  world.hello("acme/prod/y", "aaaaaaa1");
  EXPECT_EQ(world.audited("agent-announced"), kAgentLinesMax + 1) << "and the other address";
  EXPECT_EQ(world.audited("agent-left"), kAgentLinesMax);
  world.pass(61'000);
  EXPECT_EQ(world.audited("agent-announced"), kAgentLinesMax + 2);
  std::size_t summed = 0;
  for (const AuditEntry& line : world.audit) {
    if (line.kind == "agent-announced" && line.actor == "control") {
      EXPECT_EQ(line.subject, "acme/prod/x");
      summed += Json::parse(line.detail)["more"].get<std::size_t>();
    }
  }
  EXPECT_EQ(summed, 1'000 - kAgentLinesMax);
}

TEST(AuditOfAgents, AHelloThatTellsNothingNewIsNoLine) {
  World world;
  for (int i = 0; i < 50; ++i) world.hello("acme/prod/x", "aaaaaaa1");
  EXPECT_EQ(world.audited("agent-announced"), 1U);
}

TEST(AgentBudgets, WhoIsOverItIsAnAlarm) {
  World world;
  world.send(AgentsDropped{kA, 29'000});
  EXPECT_TRUE(world.alarmed("agent-over-budget"));
}

}  // namespace
}  // namespace estop::control
