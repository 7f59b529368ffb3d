// SPDX-License-Identifier: Apache-2.0

// Waiting for the request to end: SIGTERM, or SIGINT from a terminal.
#pragma once

namespace estop::incident {

// Keeps both signals (and SIGPIPE) from interrupting anything. Before the first thread starts.
void block_termination();
// Blocks until one of them arrives.
void wait_for_termination();

}  // namespace estop::incident
