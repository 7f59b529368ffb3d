// SPDX-License-Identifier: Apache-2.0

// Files that people hand to a program: read whole, with one set of rules and one set of errors.
//
// Nothing here throws. An error names the file, the cause, and what to do about it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::daemon {

inline constexpr std::size_t kFileMax_bytes = 1024 * 1024;

struct FileRules {
  bool is_secret = false;     // refuses what others than owner and group may read or write
  bool is_own = false;        // refuses a link, and a file of another user than this one and root
  bool may_be_empty = false;  // an empty file is no error
  std::size_t max_bytes = kFileMax_bytes;
};

// kNotFound: there is no such file. kStoreUnavailable: permission denied, a folder, no plain file,
// too large, empty, or against `rules`.
[[nodiscard]] schemas::Result<std::string> read_file(const std::string& path,
                                                     const FileRules& rules = {});
// For a seed or a `.creds` file that was mounted or copied: the group may read it, and it may be
// behind a link, as mounted secrets are.
[[nodiscard]] schemas::Result<std::string> read_private_file(const std::string& path);

// What is wrong with the mode of a secret, with the command that mends it; nothing if it is closed
// to others, or cannot be looked at. For who must go on all the same.
[[nodiscard]] std::optional<std::string> exposed(const std::string& path);
[[nodiscard]] std::optional<std::string> exposed(const std::string& path, mode_t mode);

// Takes the place of `path`, whole or not at all. kStoreUnavailable leaves what was there.
[[nodiscard]] schemas::Result<void> replace_file(const std::string& path, std::string_view text);

// As one word of a shell command.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace estop::daemon
