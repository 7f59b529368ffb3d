// SPDX-License-Identifier: Apache-2.0

// The checker of histories can fail: one broken history for each rule.
#include "tests/fault/history.h"

#include <gtest/gtest.h>

namespace estop::testing {
namespace {

// x was killed: fenced at 100, resumed at 200 with life 7. y talks with it.
struct Written {
  Written() {
    history.parties = {{schemas::Address::parse("acme/prod/x").value(), "aaaaaaa1"},
                       {schemas::Address::parse("acme/prod/y").value(), "aaaaaaa2"}};
    Stop kill;
    kill.op_id = "k1";
    kill.scope = schemas::Scope::parse("acme/prod/x").value();
    kill.fenced_ns = 100;
    kill.mark = 3;
    kill.committed = true;
    kill.audit = 12;
    history.stops = {kill};
    end.audit = {{12, "k1"}};
    end.kills = {"k1"};
    history.saved[{"acme/prod/x", "cursor"}] = {2, "new"};
    history.finished[{"acme/prod/x", "mail-1"}] = "sent";
    end.saved = history.saved;
    end.finished = history.finished;
  }
  Stop& kill() { return history.stops.front(); }
  void resume() {
    kill().resume_ordered_ns = 200;
    kill().incarnation = 7;
    kill().lifted = true;
    end.kills.clear();
  }
  [[nodiscard]] std::vector<std::string> wrong() const { return what_is_wrong(history, end); }
  // The start of the only sentence.
  [[nodiscard]] std::string first(std::size_t letters) const {
    return wrong().size() == 1 ? wrong().front().substr(0, letters) : "";
  }

  History history;
  End end;
};

constexpr std::uint32_t kX = 0;
constexpr std::uint32_t kY = 1;

struct DeliveryCase {
  const char* what;
  Delivery delivery;
  bool resumed;
  bool is_wrong;
};
const DeliveryCase kDeliveries[] = {
    {"sent and read before", {kX, kY, 1, 0, 90, 95, 2}, false, false},
    {"in the receiver's socket at the fence", {kX, kY, 1, 0, 90, 150, 2}, false, false},
    {"routed behind the fence", {kX, kY, 1, 0, 90, 150, 3}, false, true},
    {"sent behind the fence, no mark read", {kX, kY, 1, 0, 101, 150, 0}, false, true},
    {"to the killed, routed behind the fence", {kY, kX, 1, 0, 90, 150, 3}, false, true},
    {"between others", {kY, kY, 1, 0, 150, 151, 3}, false, false},
    {"of the new life", {kX, kY, 1, 7, 210, 220, 3}, true, false},
    {"of the old life, after the resume", {kX, kY, 1, 6, 90, 220, 3}, true, true},
    {"to the killed, after the resume", {kY, kX, 1, 0, 150, 220, 3}, true, false},
    {"to the killed, before the resume was ordered", {kY, kX, 1, 0, 150, 199, 3}, true, true},
};

TEST(History, DeliveriesFromOrToAKilledScopeBehindItsFenceAreWrong) {
  for (const DeliveryCase& one : kDeliveries) {
    Written written;
    if (one.resumed) written.resume();
    written.history.deliveries = {one.delivery};
    EXPECT_EQ(written.first(16), one.is_wrong ? "behind the fence" : "") << one.what;
    EXPECT_EQ(written.wrong().size(), one.is_wrong ? 1U : 0U) << one.what;
  }
}

TEST(History, WithoutTheLifeOfAResumeItsOrderIsTheLimit) {
  Written written;
  written.resume();
  written.kill().incarnation = 0;
  written.history.deliveries = {{kX, kY, 1, 9, 150, 199, 3}, {kX, kY, 2, 9, 205, 210, 3}};
  EXPECT_EQ(written.first(26), "behind the fence of k1 (ac");
}

TEST(History, AKillOfAnInstanceStopsWhatThatOneSends) {
  Written written;
  written.kill().scope = schemas::Scope::parse("acme/prod/x@aaaaaaa1").value();
  written.history.deliveries = {{kX, kY, 1, 0, 150, 160, 3}, {kY, kX, 1, 0, 150, 160, 3}};
  EXPECT_EQ(written.first(16), "behind the fence");
}

TEST(History, NothingIsWrongWithWhatWasKept) {
  Written written;
  EXPECT_EQ(written.wrong(), std::vector<std::string>{});
  written.resume();
  EXPECT_EQ(written.wrong(), std::vector<std::string>{});
}

TEST(History, TheSameIntentTwiceIsWrong) {
  Written written;
  written.history.deliveries = {{kY, kY, 1, 0, 1, 2, 0}, {kY, kY, 1, 0, 1, 3, 0}};
  EXPECT_EQ(written.first(15), "delivered twice");
}

TEST(History, ALostOrOlderOrOtherCheckpointIsWrong) {  // I12
  for (const Saved& kept : {Saved{}, Saved{1, "old"}, Saved{2, "other"}}) {
    Written written;
    written.end.saved[{"acme/prod/x", "cursor"}] = kept;
    EXPECT_EQ(written.first(10), "checkpoint");
  }
}

TEST(History, ALostEffectIsWrong) {
  Written written;
  written.end.finished.clear();
  EXPECT_EQ(written.first(6), "effect");
}

TEST(History, AnAcknowledgedKillThatIsGoneIsWrong) {
  Written written;
  written.end.kills.clear();
  EXPECT_EQ(written.first(26), "kill k1 was committed and ");
}

TEST(History, AResumeThatIsUndoneIsWrong) {
  Written written;
  written.resume();
  written.end.kills = {"k1"};
  EXPECT_EQ(written.first(16), "the resume of k1");
}

TEST(History, ALostAuditEntryAndABrokenChainAreWrong) {  // I8
  Written written;
  written.end.audit = {{12, "k2"}};
  EXPECT_EQ(written.first(14), "audit entry 12");
  written.end.audit = {{12, "k1"}};
  written.end.audit_problem = "row 3";
  EXPECT_EQ(written.first(19), "the audit is broken");
}

TEST(History, ManyOfOneKindAreCut) {
  Written written;
  for (std::uint64_t i = 0; i < 50; ++i)
    written.history.deliveries.push_back({kX, kY, i, 0, 150, 160, 3});
  EXPECT_EQ(written.wrong().size(), 6U);
  EXPECT_EQ(written.wrong().back(), "and 45 more");
}

}  // namespace
}  // namespace estop::testing
