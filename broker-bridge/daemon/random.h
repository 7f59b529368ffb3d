// SPDX-License-Identifier: Apache-2.0

// Numbers and names that cannot be guessed, from the system's own source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace estop::daemon {

[[nodiscard]] std::uint64_t random_number();
// So many letters and digits (a-z, 0-9), 5.1 bits each.
[[nodiscard]] std::string random_name(std::size_t letters);

}  // namespace estop::daemon
