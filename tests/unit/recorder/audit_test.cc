// SPDX-License-Identifier: Apache-2.0

// The audit as its readers see it.
#include <fmt/format.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>

#include "control/recorder/audit_hash.h"
#include "control/recorder/audit_scan.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;

using AuditTest = RecorderTest;

TEST_F(AuditTest, LinesAreNumberedFromOneAndChained) {  // H48
  open();
  write_lines(3);
  const auto rows = lines();
  ASSERT_EQ(rows.size(), 3U);
  for (std::size_t at = 0; at < rows.size(); ++at) {
    EXPECT_EQ(rows[at].number, at + 1);
    EXPECT_EQ(rows[at].hash, audit_hash(rows[at]));
    EXPECT_EQ(rows[at].prev, at == 0 ? schemas::Hash{} : rows[at - 1].hash);
  }
}

TEST_F(AuditTest, ALineComesBackByteForByte) {
  open();
  const AuditEntry entry{"kill",
                         "alice",
                         "acme/*",
                         "op-é",
                         std::string("{\"nul\":\"\0\"}", 11),
                         0xFFFF'FFFF'FFFF'FFFF};
  recorder_->audit(entry, Urgency::kFirst, nullptr);
  reopen();
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0].entry, entry);
  EXPECT_TRUE(verify().ok);
}

TEST(AuditHashTest, EveryColumnEntersTheHash) {
  const AuditRow row{7, line("detail"), {1}, {}};
  std::vector<AuditRow> others(8, row);
  others[0].number = 8;
  others[1].entry.at_ms = 1;
  others[2].entry.kind = "other";
  others[3].entry.actor = "other";
  others[4].entry.subject = "other";
  others[5].entry.op_id = "other";
  others[6].entry.detail = "other";
  others[7].prev = {2};
  for (const AuditRow& other : others) EXPECT_NE(audit_hash(row), audit_hash(other));
}

TEST(AuditHashTest, MovingBytesBetweenColumnsChangesTheHash) {
  AuditRow one{1, {"ab", "c", "", "", "", 0}, {}, {}};
  AuditRow two{1, {"a", "bc", "", "", "", 0}, {}, {}};
  EXPECT_NE(audit_hash(one), audit_hash(two));
}

struct QueryCase {
  const char* name;
  AuditQuery query;
  std::vector<std::uint64_t> numbers;
};

TEST_F(AuditTest, QueriesPickAndOrder) {
  open();
  for (int n = 0; n < 3; ++n) {
    const char* kill = n == 2 ? "op-2" : "";
    const char* resume = n == 0 ? "op-2" : "";
    recorder_->audit({"kill", "alice", "acme/*", kill, "", 0}, Urgency::kGroup, nullptr);
    recorder_->audit({"resume", "bob", "*", resume, "", 0}, Urgency::kGroup, nullptr);
  }
  const QueryCase cases[] = {
      {"all", {.limit = 50}, {1, 2, 3, 4, 5, 6}},
      {"a page", {.after = 2, .limit = 2}, {3, 4}},
      {"newest first", {.limit = 2, .newest_first = true}, {6, 5}},
      {"newest first, down to", {.after = 4, .limit = 9, .newest_first = true}, {6, 5}},
      {"by kind", {.limit = 9, .kind = "kill"}, {1, 3, 5}},
      {"by subject", {.limit = 9, .subject = "*"}, {2, 4, 6}},
      {"by both", {.limit = 9, .kind = "kill", .subject = "*"}, {}},
      {"of an order", {.limit = 9, .op_id = "op-2"}, {2, 5}},
      {"of an order, newest first", {.limit = 1, .newest_first = true, .op_id = "op-2"}, {5}},
      {"of an order, a page", {.after = 2, .limit = 9, .op_id = "op-2"}, {5}},
      {"of an order and a kind", {.limit = 9, .kind = "kill", .op_id = "op-2"}, {5}},
      {"of no order", {.limit = 9, .op_id = "op-9"}, {}},
      {"beyond the end", {.after = 99, .limit = 9}, {}},
      {"none wanted", {.limit = 0}, {}},
  };
  for (const QueryCase& each : cases) {
    std::vector<std::uint64_t> numbers;
    for (const AuditRow& row : lines(each.query)) numbers.push_back(row.number);
    EXPECT_EQ(numbers, each.numbers) << each.name;
  }
}

TEST_F(AuditTest, AListIsBoundedAndSpansSlices) {
  open();
  write_lines(12'000);
  EXPECT_EQ(lines({.limit = 1'000'000}).size(), kAuditListMax);
  const auto newest = lines({.limit = 7'000, .newest_first = true});
  ASSERT_EQ(newest.size(), 7'000U);
  EXPECT_EQ(newest.front().number, 12'000U);
  EXPECT_EQ(newest.back().number, 5'001U);
}

TEST_F(AuditTest, AnUntouchedChainVerifies) {
  open();
  EXPECT_TRUE(verify().ok);
  write_lines(11'000);
  const auto verdict = verify();
  EXPECT_TRUE(verdict.ok) << verdict.problem;
  EXPECT_EQ(verdict.rows, 11'000U);
  EXPECT_EQ(verdict.first_bad, 0U);
}

TEST_F(AuditTest, AVerificationBehindAnotherScanTakesARowWrittenMeanwhileForNoDamage) {
  open();
  write_lines(4 * kScanSlice_rows);
  for (int i = 0; i < 5; ++i) {
    const auto verdict = std::make_shared<std::promise<schemas::Result<AuditVerdict>>>();
    auto told = verdict->get_future();
    Hold hold(*recorder_);
    recorder_->list_audit({.kind = "nobody writes this"}, [](const auto&) {});  // several turns
    recorder_->verify_audit([verdict](auto said) { verdict->set_value(std::move(said)); });
    hold.release();
    for (int n = 0; n < 30; ++n) ASSERT_TRUE(write_line("meanwhile"));
    ASSERT_EQ(told.wait_for(kDeadline), std::future_status::ready);
    const auto said = told.get();
    ASSERT_TRUE(said);
    EXPECT_TRUE(said->ok) << said->problem;
  }
}

TEST_F(AuditTest, ItsTailIsEveryRowOnceInOrder) {
  std::mutex mutex;
  std::vector<AuditRow> tail;
  open();
  write_lines(3);  // before anybody follows
  recorder_->follow_audit([&](std::vector<AuditRow> rows) {
    const std::lock_guard lock(mutex);
    tail.insert(tail.end(), rows.begin(), rows.end());
  });
  write_lines(700);
  ASSERT_TRUE(append(kill_after({}, "k1"), Urgency::kFirst, line("{}", "kill")));
  ASSERT_TRUE(append(kill_after({}, "k1"), Urgency::kFirst, line("{}", "kill")));  // known
  ASSERT_TRUE(write_line("last"));
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return tail.size() >= 702;
  }));
  EXPECT_EQ(tail, lines({.after = 3}));
  close();
}

TEST_F(AuditTest, AnOversizedLineIsRefused) {
  open();
  EXPECT_EQ(write_line(std::string(kAuditLineMax_bytes + 1, 'x')).error().code, Errc::kTooLarge);
  EXPECT_EQ(*write_line("fits"), 1U);
}

TEST_F(AuditTest, TheRegistryKeepsWhenAnInstanceWasFirstSeen) {
  open();
  StoredAgent agent{
      mailer(), *schemas::Instance::parse("aaaaaaaa"), "process1", {9}, "host-1", 4'711, 10, 20,
      false};
  recorder_->put_agent(agent);
  agent.first_seen_ms = 99;
  agent.last_seen_ms = 99;
  agent.left = true;
  recorder_->put_agent(agent);
  reopen();
  agent.first_seen_ms = 10;
  EXPECT_EQ(*recorder_->load_agents(), std::vector{agent});
}

TEST_F(AuditTest, H61OfAnAddressOnlyTheNewestPastInstancesAreKept) {
  open();
  StoredAgent agent;
  agent.address = mailer();
  for (std::uint64_t i = 0; i < 500; ++i) {
    agent.instance = *schemas::Instance::parse("inst" + std::to_string(1'000 + i));
    agent.last_seen_ms = i;
    agent.left = i % 50 != 0;
    recorder_->put_agent(agent);
  }
  const auto kept = recorder_->load_agents();
  ASSERT_EQ(kept->size(), 10U + 64U) << "those that live, and 64";
  EXPECT_EQ(kept->back().instance.text(), "inst1499");
}

TEST_F(AuditTest, AListingEndsAtItsBytesAndBeforeItsBound) {
  open();
  write_lines(100);
  EXPECT_EQ(lines({.before = 51, .limit = 1'000}).size(), 50U);
  EXPECT_EQ(lines({.before = 51, .limit = 3, .newest_first = true}).front().number, 50U);
  const auto some = lines({.limit = 1'000, .max_bytes = 100});
  EXPECT_GT(some.size(), 1U);
  EXPECT_LT(some.size(), 50U);
}

// A past instance of an address that nobody uses any more stayed for ever.
TEST_F(AuditTest, H61WhatIsPastIsForgottenByItsAgeOfAllAddresses) {
  constexpr std::uint64_t kOld_ms = 1'700'000'000'000;
  constexpr std::uint64_t kLater_ms = kOld_ms + kPastInstances_ms;
  constexpr std::uint64_t kHourOn_ms = kLater_ms + 3'600'000;
  open();
  StoredAgent agent;
  agent.instance = *schemas::Instance::parse("aaaaaaaa");
  const auto put = [&](int i, std::uint64_t seen_ms, bool left) {
    agent.address = *schemas::Address::parse("acme/prod/a" + std::to_string(i));
    agent.last_seen_ms = seen_ms;
    agent.left = left;
    recorder_->put_agent(agent);
  };
  for (int i = 0; i < 3'000; ++i) put(i, kOld_ms, i % 3'000 != 0);  // one of them lives
  for (int i = 3'000; i < 3'010; ++i) put(i, kLater_ms, true);
  EXPECT_EQ(recorder_->load_agents()->size(), 3'010U);
  // The next hour has begun: a part at a time.
  for (int i = 0; i < 3; ++i) put(3'010, kHourOn_ms, false);
  EXPECT_EQ(recorder_->load_agents()->size(), 1U + 10U + 1U);
}

}  // namespace
}  // namespace estop::control
