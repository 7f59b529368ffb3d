// SPDX-License-Identifier: Apache-2.0

// The test is that this compiles with -Wall -Wextra -Werror and none of our other flags: see the
// CMakeLists.txt.
#include "estop/agent.h"

namespace sdk_user {

// A warning of -Wconversion, which is our flag and not the user's.
short narrowed(int number) {
  return number;
}

// One member named each time: -Wextra warns of every other one that has no default.
void named_members() {
  [[maybe_unused]] const estop::AgentOptions options{.address = "acme/prod/mailer"};
  [[maybe_unused]] const estop::Intent intent{.from = "acme/prod/mailer"};
  [[maybe_unused]] const estop::StopOrder order{.op_id = "op-7f3a"};
  [[maybe_unused]] const estop::Refusal refusal{.id = "k3j9x2ab"};
  [[maybe_unused]] const estop::Checkpoint checkpoint{.version = 1};
  [[maybe_unused]] const estop::Effect effect{.before = estop::EffectState::kBegun};
  [[maybe_unused]] const estop::Report report{.tokens = 1};
  [[maybe_unused]] const estop::AgentStats stats{.sent = 1};
  [[maybe_unused]] const estop::Error error{.code = estop::Errc::kTimeout};
}

}  // namespace sdk_user
