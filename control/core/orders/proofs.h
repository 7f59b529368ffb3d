// SPDX-License-Identifier: Apache-2.0

// Checks whether an operator signed a kill, and keeps signed orders in the audit.
#pragma once

#include <string>

#include "control/core/core_options.h"
#include "control/core/turn.h"
#include "schemas/order.h"

namespace estop::control {

// False: raised an alarm; `from` is the part that brought the order.
[[nodiscard]] bool is_proven(const schemas::SignedOrder& order, const std::string& from,
                             const CoreOptions& options, Turn& turn);
void keep_order(const schemas::SignedOrder& order, const std::string& op_id, Turn& turn);
// Nothing for a command that was not signed.
void keep_proof(const CommandReceived& asked, const std::string& subject, const std::string& op_id,
                Turn& turn);

}  // namespace estop::control
