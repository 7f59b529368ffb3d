// SPDX-License-Identifier: Apache-2.0
#include "schemas/log_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "schemas/codec.h"
#include "schemas/holds.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"

namespace estop::schemas {
namespace {

// A log by hand; signatures are not looked at here.
class Log {
 public:
  const SignedRecord& add(RecordBody body, std::string op_id = "op-1") {
    Record made;
    made.epoch = made.term = 1;
    made.seq = records.size() + 1;
    made.op_id = std::move(op_id);
    made.actor.name = "alice";
    made.reason = "drill";
    made.issued_at_ms = 1'795'307'142'000;
    made.body = std::move(body);
    records.push_back(sign_record(made, testing::operator_key()).value());
    state.apply(records.back());
    return records.back();
  }
  const SignedRecord& kill(std::string_view scope, std::string op_id, std::string given = {}) {
    return add(Kill{.scope = *Scope::parse(scope), .given_as = std::move(given)}, std::move(op_id));
  }
  void resume(std::string_view scope, std::vector<std::string> lifts, std::uint64_t life = 7) {
    add(Resume{.scope = *Scope::parse(scope), .lifts = std::move(lifts), .incarnation = life});
  }
  void resume_through(std::string_view scope, std::uint64_t seq) {
    add(Resume{.scope = *Scope::parse(scope), .through = {{1, seq, {}}, 1, {}}});
  }
  [[nodiscard]] std::string holding() const {
    std::string all;
    for (const auto& [scope, kills] : state.kills()) {
      for (const auto& [place, kill] : kills) {
        all += kill.record.op_id + '@' + scope + ':' + std::to_string(place.second) + ' ';
      }
    }
    return all;
  }

  std::vector<SignedRecord> records;
  LogState state;
};

TEST(LogStateTest, HoldsWhatIsKilledAndNotLifted) {
  const struct {
    const char* what;
    void (*write)(Log&);
    const char* holds;
  } rows[] = {
      {"nothing", [](Log&) {}, ""},
      {"a kill", [](Log& l) { l.kill("acme/*", "k1"); }, "k1@acme/*:1 "},
      {"two of one scope",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("acme/*", "k2");
       },
       "k1@acme/*:1 k2@acme/*:2 "},
      {"one op id, two scopes",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("*", "k1");
       },
       "k1@*:2 k1@acme/*:1 "},
      {"written once more, it stands at its newest place",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("acme/*", "k1");
       },
       "k1@acme/*:2 "},
      {"lifted by name",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("acme/*", "k2");
         l.resume("acme/*", {"k1"});
       },
       "k2@acme/*:2 "},
      {"a resume of another scope lifts nothing",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.resume("*", {"k1"});
       },
       "k1@acme/*:1 "},
      {"lifted by place, what came later stays",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("acme/*", "k2");
         l.kill("acme/*", "k3");
         l.resume_through("acme/*", 2);
       },
       "k3@acme/*:3 "},
      {"with one that was written under an op id of control's own, the given one goes",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.kill("acme/*", "own-1", "k1");
         l.resume("acme/*", {"own-1"});
       },
       ""},
      {"a kill behind the resume holds, whatever its op id was",
       [](Log& l) {
         l.kill("acme/*", "k1");
         l.resume("acme/*", {"k1"});
         l.kill("acme/*", "k1");
       },
       "k1@acme/*:3 "},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Log log;
    row.write(log);
    EXPECT_EQ(log.holding(), row.holds);
  }
}

TEST(LogStateTest, RemembersTheNewestLifeOfAScopeAndWhoIsJoined) {
  Log log;
  log.resume("acme/*", {"k1"}, 9);
  log.resume("acme/*", {"k2"}, 4);
  log.add(BridgeJoined{.bridge = "b1", .process = "process1", .key = Bytes(32, '\x11')});
  log.add(BridgeJoined{.bridge = "b1", .process = "process2", .key = Bytes(32, '\x12')});
  log.add(BridgeLeft{.bridge = "b1", .process = "process1"});
  EXPECT_EQ(log.state.lives().at("acme/*"), 9U);
  ASSERT_EQ(log.state.joined().size(), 1U);
  EXPECT_EQ(log.state.joined().begin()->second.key, Bytes(32, '\x12'));
}

TEST(LogStateTest, APartThatCannotBeReadGivesNoState) {
  Log log;
  const Bytes kill = log.kill("acme/*", "k1").frame;
  log.resume("acme/*", {"k1"});
  const struct {
    const char* what;
    Bytes part;
    Errc code;
  } rows[] = {
      {"no bytes", {}, Errc::kMalformed},
      {"a part of something else", kill, Errc::kMalformed},
      {"a resume among the kills", encode(StateEntries{.kills = {log.records.back().frame}}),
       Errc::kMalformed},
      {"a kill that is none", encode(StateEntries{.kills = {"k"}}), Errc::kMalformed},
      {"a bridge without a process", encode(StateEntries{.joined = {{"b1", "", Bytes(32, 'k')}}}),
       Errc::kMalformed},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto state = LogState::from({row.part});
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, row.code) << state.error();
  }
}

// A kill as an index by scopes has it.
HoldIndex<Hold> index_of(const std::vector<SignedRecord>& records) {
  HoldIndex<Hold> index;
  for (const SignedRecord& one : records) {
    const Record& record = one.record;
    if (record.is<Resume>()) {
      for (const Hold* gone : index.lifted_by(record.resume())) index.remove(*gone);
    }
    if (!record.is<Kill>()) continue;
    if (const Hold* known = index.find(record.op_id, record.scope())) index.remove(*known);
    index.add({latch_of(record), record.epoch, record.kill().given_as});
  }
  return index;
}

// Whatever a chance of 0 to 99 writes.
void write_any(Log& log, std::mt19937& random) {
  const auto any = [&](std::size_t below) -> std::size_t { return random() % below; };
  const std::string scopes[] = {"*", "acme/*", "acme/prod/*", "acme/prod/mailer", "beta/*"};
  const std::string& scope = scopes[any(5)];
  const std::string op_id = "k" + std::to_string(any(60));
  const std::size_t chance = any(100);
  if (chance < 60) {
    log.kill(scope, op_id, chance < 6 ? "k" + std::to_string(any(60)) : "");
  } else if (chance < 75) {
    log.resume(scope, {op_id, op_id + "x"}, log.records.size());
  } else if (chance < 85) {
    log.resume_through(scope, any(log.records.size() + 1) + 1);
  } else {
    const std::string process = "process" + std::to_string(any(30));
    if (chance < 95) log.add(BridgeJoined{"b1", process, Bytes(32, 'k')});
    if (chance >= 95) log.add(BridgeLeft{"b1", process});
  }
}

TEST(LogStateTest, OfAnyLogIsWhatItsPartsAndTheRestGiveAndWhatAnIndexOfKillsHolds) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Log log;
    const std::size_t cut = random() % 200;
    std::optional<LogState> other;
    for (std::size_t i = 0; i < 200; ++i) {
      write_any(log, random);
      if (i == cut) {
        other = LogState::from(log.state.parts()).value();
      } else if (other) {
        other->apply(log.records.back());
      }
    }
    EXPECT_EQ(other->parts(), log.state.parts());
    const auto index = index_of(log.records);
    ASSERT_EQ(index.size(), log.state.size());
    for (const Hold* held : index.all()) {
      const auto& kills = log.state.kills().at(held->latch.scope.text());
      EXPECT_EQ(kills.at({held->epoch, held->latch.seq}).record.op_id, held->latch.op_id);
    }
  }
}

TEST(LogStateTest, EachPartFitsARecordHoweverManyKillsHold) {
  Log log;
  const std::string reason(kReasonMax_bytes, 'r');
  for (int i = 0; i < 100; ++i) {
    Record kill;
    kill.epoch = kill.seq = static_cast<std::uint64_t>(i) + 1;
    kill.op_id = "k" + std::to_string(i);
    kill.actor.name = "alice";
    kill.reason = reason;
    kill.body = Kill{.scope = *Scope::parse("acme/*")};
    log.state.apply(sign_record(kill, testing::operator_key()).value());
  }
  const auto parts = log.state.parts();
  EXPECT_GT(parts.size(), 9U);
  for (const Bytes& part : parts) EXPECT_LE(part.size(), kSnapshotPartMax_bytes);
  EXPECT_EQ(LogState::from(parts).value().size(), 100U);
  EXPECT_NE(digest_of_parts(parts), digest_of_parts({parts.begin(), parts.end() - 1}));
}

}  // namespace
}  // namespace estop::schemas
