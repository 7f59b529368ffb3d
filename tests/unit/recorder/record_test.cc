// SPDX-License-Identifier: Apache-2.0

// The control log as it is stored and loaded.
#include <fmt/format.h>

#include "schemas/codec.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::SignedRecord;

class RecordTest : public RecorderTest {
 protected:
  std::vector<SignedRecord> append_chain(int count) {
    std::vector<SignedRecord> chain;
    for (int n = 0; n < count; ++n) {
      chain.push_back(
          kill_after(chain.empty() ? SignedRecord() : chain.back(), fmt::format("kill-{}", n)));
      EXPECT_TRUE(append(chain.back()));
    }
    return chain;
  }
};

TEST_F(RecordTest, RecordsComeBackInOrderWithTheirFrames) {
  open();
  EXPECT_TRUE(recorder_->load_log()->records.empty());
  const auto chain = append_chain(12);
  reopen();
  const auto loaded = recorder_->load_log();
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->records.size(), 12U);
  for (std::size_t at = 0; at < 12; ++at) {
    EXPECT_EQ(loaded->records[at].frame, chain[at].frame);
    EXPECT_EQ(loaded->records[at].record, chain[at].record);
  }
}

TEST_F(RecordTest, TheSameRecordTwiceIsOkAndAuditedOnce) {
  open();
  const auto kill = kill_after({}, "kill-1");
  write_lines(2);
  EXPECT_EQ(append(kill, Urgency::kFirst, line("{}", "kill")).value(), 3U);  // its line
  EXPECT_EQ(append(kill, Urgency::kFirst, line("{}", "kill")).value(), 0U);
  EXPECT_EQ(recorder_->load_log()->records.size(), 1U);
  EXPECT_EQ(lines().size(), 3U);
}

TEST_F(RecordTest, AnotherRecordInItsPlaceBreaksTheChain) {  // I11
  open();
  ASSERT_TRUE(append(kill_after({}, "kill-1")));
  const auto refused = append(kill_after({}, "kill-2"), Urgency::kFirst, line("{}", "kill"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kChainBroken);
  EXPECT_TRUE(lines().empty());
  EXPECT_TRUE(recorder_->healthy());
}

TEST_F(RecordTest, ARecordWithoutASequenceIsRefused) {
  open();
  EXPECT_EQ(append(SignedRecord()).error().code, Errc::kBadArgument);
}

TEST_F(RecordTest, AGapIsTheCallersAffair) {
  open();
  const auto first = kill_after({}, "kill-1");
  const auto second = kill_after(first, "kill-2");
  const auto third = kill_after(second, "kill-3");
  ASSERT_TRUE(append(first) && append(third));
  EXPECT_EQ(recorder_->load_log()->records.size(), 2U);
  ASSERT_TRUE(append(second));
  EXPECT_EQ(recorder_->load_log()->records.size(), 3U);
}

// A kill, and control's snapshots of one part.
SignedRecord after(const SignedRecord& before, schemas::RecordBody body) {
  schemas::Record record = kill_after(before, "snapshot-x").record;
  record.body = std::move(body);
  return schemas::sign_record(record, schemas::SigningKey::generate(schemas::KeyRole::kUser))
      .value();
}

TEST_F(RecordTest, ControlBeginsWithTheNewestSnapshotThatIsWhole) {
  open();
  auto chain = append_chain(3);
  const auto add = [&](schemas::RecordBody body) {
    chain.push_back(after(chain.back(), std::move(body)));
    return append(chain.back()).has_value();
  };
  const auto begins = [&] { return recorder_->load_log()->records.front().record.seq; };
  ASSERT_TRUE(add(schemas::SnapshotPart{3, 0, "entries"}));
  EXPECT_EQ(begins(), 1U) << "it is not ended";
  ASSERT_TRUE(add(schemas::Snapshot{{1, 3, {}}, 1, {}}));
  EXPECT_EQ(begins(), 4U);
  ASSERT_TRUE(add(schemas::SnapshotPart{5, 0, "entries"}));
  chain.push_back(after(chain.back(), schemas::SnapshotPart{5, 1, "this one is not stored"}));
  ASSERT_TRUE(add(schemas::Snapshot{{1, 5, {}}, 2, {}}));
  EXPECT_EQ(begins(), 4U) << "the stream has to help";
  const auto log = recorder_->load_log();
  EXPECT_EQ(log->records.size(), 4U);
  EXPECT_EQ(log->older_ops, (std::vector<std::string>{"kill-0", "kill-1", "kill-2"}));
}

TEST_F(RecordTest, AFrameChangedInTheFileIsNotLoaded) {  // H29
  open();
  append_chain(3);
  raw("DROP TRIGGER records_no_update; UPDATE records SET frame = "
      "(SELECT frame FROM records WHERE seq = 1) WHERE seq = 2");
  const auto loaded = recorder_->load_log();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::kChainBroken);
  close();
  EXPECT_NE(open_refused().find("1:2"), std::string::npos);
}

TEST_F(RecordTest, ARecordThatDoesNotFollowIsNotLoaded) {
  open();
  const auto first = kill_after({}, "kill-1");
  const auto other = kill_after(kill_after({}, "kill-1b"), "kill-2b");
  ASSERT_TRUE(append(first) && append(other));
  EXPECT_EQ(recorder_->load_log().error().code, Errc::kChainBroken);
}

}  // namespace
}  // namespace estop::control
