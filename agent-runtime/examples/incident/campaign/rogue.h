// SPDX-License-Identifier: Apache-2.0

// The campaign as a rogue: works like the others until it is stopped, and then does not stop.
//
// It speaks the protocol without the runtime (see rogue_wire.h). Under a kill it goes on publishing
// intents as fast as they are refused, and never confirms *stopped*. After the resume it goes on as
// the life that ended, until it has been told a few times that this life is over; then it announces
// itself anew, reads the new template and works like the others.
#pragma once

#include "agent-runtime/examples/incident/agent/journal.h"
#include "agent-runtime/examples/incident/campaign/campaign.h"
#include "estop/agent_types.h"

namespace estop::incident {

// Blocks until SIGTERM or SIGINT. Journal: ready, working, refused (with its counts so far),
// readmitted, complete.
[[nodiscard]] Result<void> run_rogue(const AgentOptions& agent, const CampaignOptions& options,
                                     Journal& journal);

}  // namespace estop::incident
