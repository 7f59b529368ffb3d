// SPDX-License-Identifier: Apache-2.0

// Checkpoints: compare-and-set, limits, and that what was acknowledged is handed back (I12).
#include <fmt/format.h>

#include "schemas/limits.h"
#include "tests/unit/recorder/recorder_fixture.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::StoreOp;

class CheckpointTest : public RecorderTest {
 protected:
  CheckpointTest() { open(); }
  schemas::StoreReply put(const std::string& key, std::uint64_t expected, std::string bytes = "x") {
    return ask({StoreOp::kPut, key, expected, 0, std::move(bytes)});
  }
  schemas::StoreReply get(const std::string& key) { return ask({StoreOp::kGet, key, 0, 0, {}}); }
  std::vector<schemas::CheckpointInfo> list() {
    return *await<schemas::Result<std::vector<schemas::CheckpointInfo>>>(
        [&](auto done) { recorder_->list_checkpoints(mailer(), std::move(done)); });
  }
};

struct PutCase {
  const char* key;
  std::uint64_t expected;
  Errc code;
  std::uint64_t version;  // in the reply
};

TEST_F(CheckpointTest, AWriterMustKnowTheVersionThatItReplaces) {
  const PutCase cases[] = {
      {"a", 1, Errc::kVersionConflict, 0},  // nothing there yet
      {"a", 0, Errc::kOk, 1},
      {"a", 0, Errc::kVersionConflict, 1},  // 0: must not exist
      {"a", 1, Errc::kOk, 2},
      {"a", 1, Errc::kVersionConflict, 2},  // somebody was faster
      {"a", 3, Errc::kVersionConflict, 2},
      {"b", 0, Errc::kOk, 1},  // keys know nothing of each other
      {"a", 2, Errc::kOk, 3},
      {"", 0, Errc::kBadArgument, 0},
  };
  for (const PutCase& each : cases) {
    const auto reply = put(each.key, each.expected);
    EXPECT_EQ(reply.code, each.code) << each.key << " " << each.expected << " " << reply.detail;
    EXPECT_EQ(reply.version, each.version) << each.key << " " << each.expected;
  }
}

TEST_F(CheckpointTest, ARefusedWriteChangesNothing) {
  ASSERT_EQ(put("a", 0, "first").code, Errc::kOk);
  ASSERT_EQ(put("a", 0, "second").code, Errc::kVersionConflict);
  EXPECT_EQ(get("a").bytes, "first");
}

TEST_F(CheckpointTest, TheNewestAcknowledgedVersionIsHandedBackAfterAReopen) {  // I12
  for (std::uint64_t version = 0; version < 20; ++version) {
    ASSERT_EQ(put("part-1", version, fmt::format("row {}", version)).code, Errc::kOk);
  }
  ASSERT_EQ(put("empty", 0, "").code, Errc::kOk);
  reopen();
  EXPECT_EQ(get("part-1").bytes, "row 19");
  EXPECT_EQ(get("part-1").version, 20U);
  EXPECT_EQ(get("empty").code, Errc::kOk);
  const std::vector<schemas::CheckpointInfo> expected{{"empty", 1, 0}, {"part-1", 20, 6}};
  EXPECT_EQ(list(), expected);
}

TEST_F(CheckpointTest, AnUnknownKeyIsNotFound) {
  EXPECT_EQ(get("a").code, Errc::kNotFound);
}

TEST_F(CheckpointTest, SizesAreLimited) {
  EXPECT_EQ(put("a", 0, std::string(schemas::kCheckpointMax_bytes, 'x')).code, Errc::kOk);
  EXPECT_EQ(put("a", 1, std::string(schemas::kCheckpointMax_bytes + 1, 'x')).code, Errc::kTooLarge);
  EXPECT_EQ(put(std::string(schemas::kKeyMax_bytes, 'k'), 0).code, Errc::kOk);
  EXPECT_EQ(put(std::string(schemas::kKeyMax_bytes + 1, 'k'), 0).code, Errc::kTooLarge);
  EXPECT_EQ(get("a").bytes.size(), schemas::kCheckpointMax_bytes);
}

TEST_F(CheckpointTest, KeysPerAddressAreLimitedButOldOnesStayWritable) {
  for (std::size_t n = 1; n < schemas::kCheckpointKeysMax; ++n) {
    recorder_->store(mailer(), *schemas::Instance::parse("aaaaaaaa"),
                     {StoreOp::kPut, fmt::format("k{}", n), 0, 0, "x"}, nullptr);
  }
  EXPECT_EQ(put("last", 0).code, Errc::kOk);
  EXPECT_EQ(put("one too many", 0).code, Errc::kOverLimit);
  EXPECT_EQ(put("last", 1).code, Errc::kOk);
  EXPECT_EQ(list().size(), schemas::kCheckpointKeysMax);
}

}  // namespace
}  // namespace estop::control
