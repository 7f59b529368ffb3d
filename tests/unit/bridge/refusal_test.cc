// SPDX-License-Identifier: Apache-2.0

// Every refusal says why, and no text of an operator or agent can break out of a header (H20).
#include "broker-bridge/core/admission/refusal.h"

#include <gtest/gtest.h>

#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {
namespace {

TEST(RefusalTest, AKilledSenderReadsWhoKilledItSinceWhenAndWhy) {
  Gate gate{GateOptions{}};
  WrittenLog log;
  auto kill = log.kill("acme/prod/x", "k1").record;
  kill.reason = "line\r\nInjected: header";
  gate.kill(kill);
  Verdict verdict;
  verdict.code = schemas::Errc::kSenderKilled;
  verdict.cause = gate.find(kill);
  EXPECT_EQ(
      explain(verdict, 0),
      "acme/prod/x killed by alice since 2026-11-22T00:25:42Z: line  Injected: header (op k1)");
}

TEST(RefusalTest, AnOldLifeIsToldToAnnounceItselfAnew) {
  Verdict verdict;
  verdict.code = schemas::Errc::kOldIncarnation;
  verdict.incarnation = 9;
  EXPECT_EQ(explain(verdict, 4),
            "incarnation 4 ended, announce anew: 9 is the one since the last resume");
}

}  // namespace
}  // namespace estop::bridge
