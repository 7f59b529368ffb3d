// SPDX-License-Identifier: Apache-2.0

// That the simulation can be believed: it repeats itself to the byte, and it finds bugs.
#include <gtest/gtest.h>

#include <atomic>
#include <ostream>

#include "tests/sim/campaign.h"
#include "tests/sim/seeded_bug.h"

namespace estop::sim {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
  for (const Mode mode : {Mode::kSafety, Mode::kLiveness}) {
    for (const std::uint64_t seed : {1, 2, 3, 1'000'000'007}) {
      const Outcome once = run(seed, mode, kSteps, Trace());
      const Outcome again = run(seed, mode, kSteps, Trace(10));
      EXPECT_EQ(once.hash, again.hash) << "seed " << seed;
      EXPECT_EQ(once.steps, again.steps);
      EXPECT_NE(once.hash, run(seed + 1, mode, kSteps, Trace()).hash);
    }
  }
}

struct Sown {
  const char* name;
  Bug bug;
  friend std::ostream& operator<<(std::ostream& out, const Sown& sown) { return out << sown.name; }
};

class SeededBug : public ::testing::TestWithParam<Sown> {
 protected:
  void SetUp() override { sown_bug = GetParam().bug; }
  void TearDown() override { sown_bug = Bug::kNone; }
};

TEST_P(SeededBug, IsFound) {
  CampaignOptions options;
  options.seeds = kSeeds;
  const std::atomic<bool> interrupted{false};
  const CampaignResult result = campaign(options, interrupted);
  ASSERT_TRUE(result.violation.has_value()) << "in " << result.runs << " runs";
  std::cout << GetParam() << ": run " << result.runs << ", seed " << result.seed << ", "
            << result.violation->invariant << ": " << result.violation->text << '\n';
}

constexpr Sown kSown[] = {
    {"KillIgnoredWhileClosed", Bug::kKillIgnoredWhileClosed},
    {"LatchLostAtReconnect", Bug::kLatchLostAtReconnect},
    {"LatchLostAtRestart", Bug::kLatchLostAtRestart},
    {"ResumeActsOnSight", Bug::kResumeActsOnSight},
    {"ResumeLiftsUnnamed", Bug::kResumeLiftsUnnamed},
    {"KillWaitsForCommit", Bug::kKillWaitsForCommit},
    {"ResumeWithoutRecorder", Bug::kResumeWithoutRecorder},
    {"OldLifePasses", Bug::kOldLifePasses},
    {"OldAnswerLifts", Bug::kOldAnswerLifts},
    {"OpenBeforeReplay", Bug::kOpenBeforeReplay},
    {"LeaseFromArrival", Bug::kLeaseFromArrival},
    {"LeaseUnchecked", Bug::kLeaseUnchecked},
    {"ReceiptWithoutLatch", Bug::kReceiptWithoutLatch},
    {"FenceForgetsOldBridges", Bug::kFenceForgetsOldBridges},
    {"ClosedBridgeIsGranted", Bug::kClosedBridgeIsGranted},
    {"LogMayGoBack", Bug::kLogMayGoBack},
    {"UnknownOrderIgnored", Bug::kUnknownOrderIgnored},
    {"UnreadableRecord", Bug::kUnreadableRecord},
    {"RefusalNamesNoKill", Bug::kRefusalNamesNoKill},
    {"OpIdHijacked", Bug::kOpIdHijacked},
    {"SnapshotForgetsKills", Bug::kSnapshotForgetsKills},
    {"DeadAreWaitedFor", Bug::kDeadAreWaitedFor},
};

INSTANTIATE_TEST_SUITE_P(, SeededBug, ::testing::ValuesIn(kSown),
                         [](const auto& sown) { return std::string(sown.param.name); });

}  // namespace
}  // namespace estop::sim
