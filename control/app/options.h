// SPDX-License-Identifier: Apache-2.0

// What control's configuration means for its core.
#pragma once

#include <cstdint>

#include "control/app/config.h"
#include "control/core/core_options.h"

namespace estop::control {

// `start_us`: of this control, on the boot clock.
[[nodiscard]] CoreOptions core_options(const ControlConfig& config, const ControlIdentity& who,
                                       schemas::Process process, std::uint64_t start_us);

}  // namespace estop::control
