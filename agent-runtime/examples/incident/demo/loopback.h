// SPDX-License-Identifier: Apache-2.0

// Ports of 127.0.0.1.
#pragma once

namespace estop::incident {

// A TCP port that nobody listens on at this moment; 0: there is none.
[[nodiscard]] int free_loopback_port();
[[nodiscard]] bool accepts_on_loopback(int port);

}  // namespace estop::incident
