// SPDX-License-Identifier: Apache-2.0

// The control log as it is stored and loaded.
#include <fmt/format.h>

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
  EXPECT_TRUE(recorder_->load_records()->empty());
  const auto chain = append_chain(12);
  reopen();
  const auto loaded = recorder_->load_records();
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->size(), 12U);
  for (std::size_t at = 0; at < 12; ++at) {
    EXPECT_EQ((*loaded)[at].frame, chain[at].frame);
    EXPECT_EQ((*loaded)[at].record, chain[at].record);
  }
}

TEST_F(RecordTest, TheSameRecordTwiceIsOkAndAuditedOnce) {
  open();
  const auto kill = kill_after({}, "kill-1");
  write_lines(2);
  EXPECT_EQ(append(kill, Urgency::kFirst, line("{}", "kill")).value(), 3U);  // its line
  EXPECT_EQ(append(kill, Urgency::kFirst, line("{}", "kill")).value(), 0U);
  EXPECT_EQ(recorder_->load_records()->size(), 1U);
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
  EXPECT_EQ(recorder_->load_records()->size(), 2U);
  ASSERT_TRUE(append(second));
  EXPECT_EQ(recorder_->load_records()->size(), 3U);
}

TEST_F(RecordTest, AFrameChangedInTheFileIsNotLoaded) {  // H29
  open();
  append_chain(3);
  raw("DROP TRIGGER records_no_update; UPDATE records SET frame = "
      "(SELECT frame FROM records WHERE seq = 1) WHERE seq = 2");
  const auto loaded = recorder_->load_records();
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
  EXPECT_EQ(recorder_->load_records().error().code, Errc::kChainBroken);
}

}  // namespace
}  // namespace estop::control
