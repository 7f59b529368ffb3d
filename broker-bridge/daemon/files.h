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

#include "broker-bridge/daemon/descriptor.h"
#include "schemas/result.h"

namespace estop::daemon {

inline constexpr std::size_t kFileMax_bytes = 1024 * 1024;

struct FileRules {
  bool is_secret = false;     // refuses a file that anyone but owner and group may read or write
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

// The defect in the mode of a secret, with the command that repairs it. Nothing if the file is
// closed to others, or its mode cannot be read. For a caller that must continue all the same.
[[nodiscard]] std::optional<std::string> exposed(const std::string& path);
[[nodiscard]] std::optional<std::string> exposed(const std::string& path, mode_t mode);

// False: not everything was written; errno gives the cause.
[[nodiscard]] bool write_all(const Descriptor& file, std::string_view text) noexcept;
// "<path>: <what>: <errno's text>", as kStoreUnavailable.
[[nodiscard]] tl::unexpected<schemas::Error> file_failure(const std::string& path,
                                                          std::string_view what);

struct WriteRules {
  mode_t mode = 0644;       // less what the umask takes away
  bool is_durable = false;  // the bytes reach the disk before the name does
};
// Replaces `path`, whole or not at all; for a file that one process writes. kStoreUnavailable
// leaves the old file in place.
[[nodiscard]] schemas::Result<void> replace_file(const std::string& path, std::string_view text,
                                                 const WriteRules& rules = {});

enum class Write {
  kCreate,   // fails if the file is there
  kReplace,  // takes its place
};
// For its owner alone, durable, whole or not at all, also if several processes write it at once.
[[nodiscard]] schemas::Result<void> write_private_file(const std::string& path,
                                                       std::string_view text, Write how);
// Whether write_private_file with kCreate would find an obstacle now. Leaves nothing behind.
[[nodiscard]] schemas::Result<void> can_create(const std::string& path);
[[nodiscard]] schemas::Result<void> sync_folder(const std::string& folder);

// The folder of a file: ".", "/", or the folder in its path.
[[nodiscard]] std::string folder_of(const std::string& path);
// As one word of a shell command.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace estop::daemon
