// SPDX-License-Identifier: Apache-2.0

// Files and folders that only their owner may use. Private to control/auth.
//
// Failures are kStoreUnavailable; the detail names the file, the cause and what to do.
#pragma once

#include <cstddef>
#include <string>

#include "schemas/result.h"

namespace estop::control {

// Makes `folder` with mode 0700 if it is missing; one that is there is left as it is.
[[nodiscard]] schemas::Result<void> make_folder(const std::string& folder);
// Makes `folder` with mode 0700 (its parents must be there), or checks that it is ours and closed.
[[nodiscard]] schemas::Result<void> open_private_folder(const std::string& folder);

inline constexpr std::size_t kPrivateFileMax_bytes = 64 * 1024;
// Refuses a link, a file of another user, one that anyone but owner and group may read or write,
// and one that is too large.
[[nodiscard]] schemas::Result<std::string> read_private_file(
    const std::string& path, std::size_t max_bytes = kPrivateFileMax_bytes);

[[nodiscard]] bool file_exists(const std::string& path);

}  // namespace estop::control
