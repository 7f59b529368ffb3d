// SPDX-License-Identifier: Apache-2.0

// Reads whole files that people name on the command line.
#pragma once

#include <cstddef>
#include <string>

#include "schemas/result.h"

namespace estop::cli {

inline constexpr std::size_t kFileMax_bytes = 256 * 1024;

// kStoreUnavailable gives the cause, without the path: none there, no right, a folder, not a plain
// file, too large. Never waits for a writer.
[[nodiscard]] schemas::Result<std::string> read_file(const std::string& path);
// Empty if it cannot be read.
[[nodiscard]] std::string read_text(const std::string& path);

}  // namespace estop::cli
