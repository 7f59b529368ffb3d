// SPDX-License-Identifier: Apache-2.0

// The three programs that `up` starts: their command lines, and how each one reports that it is
// ready.
#pragma once

#include <string>
#include <vector>

#include "broker-bridge/daemon/checks.h"
#include "control/cli/invocation.h"
#include "control/cli/stack.h"
#include "schemas/result.h"

namespace estop::cli {

// Ports on 127.0.0.1. Each program chooses its own and reports it in a file: a port that is chosen
// beforehand may be taken by the time it is used, and a foreign process would then answer in its
// place. 0: not known yet. Restarts keep a chosen port.
struct Ports {
  int broker = 0;
  int control = 0;
  int bridge = 0;
};

[[nodiscard]] daemon::Endpoint on_loopback(int port);

// nats-server, estop-control, estop-bridge, in the order in which they start. They read and write
// `ports`, which must outlive them. `data` is absolute. kNotFound: a program is missing.
[[nodiscard]] schemas::Result<std::vector<Program>> programs(const std::string& data,
                                                             const Common& common, const Up& up,
                                                             const std::string& search_path,
                                                             Ports& ports);

}  // namespace estop::cli
