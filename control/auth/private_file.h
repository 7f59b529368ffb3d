// SPDX-License-Identifier: Apache-2.0

// Files that only their owner may read, written whole or not at all. Private to control/auth.
//
// Failures are kStoreUnavailable; the detail names the file, the cause and what to do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "schemas/result.h"

namespace estop::control {

enum class Write {
  kCreate,   // fails if the file is there
  kReplace,  // takes its place
};

// Makes `folder` with mode 0700 if it is missing; one that is there is left as it is.
[[nodiscard]] schemas::Result<void> make_folder(const std::string& folder);
// Makes `folder` with mode 0700 (its parents must be there), or checks that it is ours and closed.
[[nodiscard]] schemas::Result<void> open_private_folder(const std::string& folder);

// The bytes reach the disk before the name does: temporary file, fsync, link or rename, fsync of
// the folder. A crash leaves either nothing of that name or all of it.
[[nodiscard]] schemas::Result<void> write_private_file(const std::string& path,
                                                       std::string_view text, Write how);

// Whether write_private_file with kCreate would have something in its way now. Leaves nothing.
[[nodiscard]] schemas::Result<void> can_create(const std::string& path);

inline constexpr std::size_t kPrivateFileMax_bytes = 64 * 1024;
// Refuses a link, a file of somebody else, one that others than its group may read or write, and
// one that is too large.
[[nodiscard]] schemas::Result<std::string> read_private_file(
    const std::string& path, std::size_t max_bytes = kPrivateFileMax_bytes);

// Holds `path` against every other process and thread until it is destroyed. Waits for the holder,
// who keeps it for a few writes at most; the kernel lets go of it if the holder dies.
class FileLock {
 public:
  [[nodiscard]] static schemas::Result<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

[[nodiscard]] bool file_exists(const std::string& path);
[[nodiscard]] schemas::Result<void> sync_folder(const std::string& folder);

// "<path>: <what>: <errno's text>", as kStoreUnavailable.
[[nodiscard]] tl::unexpected<schemas::Error> file_failure(const std::string& path,
                                                          std::string_view what);

}  // namespace estop::control
