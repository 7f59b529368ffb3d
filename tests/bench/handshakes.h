// SPDX-License-Identifier: Apache-2.0

// Kills while 500 clients at once shake hands with control's HTTP listener, again and again.
#pragma once

#include <vector>

#include "tests/bench/rounds.h"

namespace estop::bench {

// An Estop of its own, because `estop up` gives control no certificate. Throws std::runtime_error.
void measure_handshakes(const Plan& plan, std::vector<Row>& rows);

}  // namespace estop::bench
