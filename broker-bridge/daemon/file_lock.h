// SPDX-License-Identifier: Apache-2.0

// A file that one process holds at a time.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "broker-bridge/daemon/descriptor.h"
#include "schemas/result.h"

namespace estop::daemon {

// Locks a file, made if missing, against every other process and thread until it is destroyed. The
// kernel releases the lock when the process ends, however it ends. kStoreUnavailable names the
// cause.
class FileLock {
 public:
  // Waits for the holder. For files that are held for a few writes at most.
  [[nodiscard]] static schemas::Result<FileLock> wait_for(const std::string& path);
  // Refused at once while another process holds the file. The error calls that process `holder`, as
  // "another control", and gives its process id, which stands in the file.
  [[nodiscard]] static schemas::Result<FileLock> take(const std::string& path,
                                                      std::string_view holder);
  // Whether take() would work now, or the folder could be made. Makes nothing, keeps nothing.
  [[nodiscard]] static schemas::Result<void> check(const std::string& path,
                                                   std::string_view holder);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace estop::daemon
