// SPDX-License-Identifier: Apache-2.0

// The schema of estop.db, as the list of its migrations. `user_version` counts those that were
// applied.
#pragma once

#include <span>

namespace estop::control {

// Marks a database as Estop's (`application_id`): "ESTP".
inline constexpr int kApplicationId = 0x45535450;

// Entry n takes a database from version n to n + 1. Entries are only ever added.
[[nodiscard]] std::span<const char* const> migrations() noexcept;

}  // namespace estop::control
