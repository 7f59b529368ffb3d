// SPDX-License-Identifier: Apache-2.0

// Owners for file descriptors and for the lock that keeps a second control off the folder.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "schemas/result.h"

namespace estop::control {

// One open file descriptor; closed when destroyed.
class File {
 public:
  File() = default;
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept;
  ~File();

  // As open(2) with O_CLOEXEC. kStoreUnavailable names the path and the cause.
  [[nodiscard]] static schemas::Result<File> open(const std::string& path, int flags, int mode = 0);
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  [[nodiscard]] bool write_all(std::string_view bytes) const noexcept;  // false: errno says why
  [[nodiscard]] std::string read_some() const;                          // from here, at most 4 KiB

 private:
  int descriptor_ = -1;
};

// "<what> <path>: <text of errno>; …" as kStoreUnavailable.
[[nodiscard]] tl::unexpected<schemas::Error> system_failure(std::string_view what,
                                                            const std::string& path);

// An exclusive flock on `<folder>/lock`, which holds the owner's process id. The kernel lets go of
// it when the process ends, however it ends.
class FolderLock {
 public:
  [[nodiscard]] static schemas::Result<FolderLock> take(const std::string& folder);
  // Whether take() would work now, or the folder could be made. Makes nothing, keeps nothing.
  [[nodiscard]] static schemas::Result<void> check(const std::string& folder);

 private:
  explicit FolderLock(File file) : file_(std::move(file)) {}
  File file_;
};

}  // namespace estop::control
