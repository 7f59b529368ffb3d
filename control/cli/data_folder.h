// SPDX-License-Identifier: Apache-2.0

// One `up` at a time in a data folder.
#pragma once

#include <string>

#include "schemas/result.h"

namespace estop::cli {

// Holds <data>/up.lock until destroyed or dead: the kernel lets go of it, so a crash leaves nothing
// to clean up.
class DataFolderLock {
 public:
  // Makes the folder (0700) if missing. kStoreUnavailable: held by another `up` (whose process id
  // it names), or not writable.
  [[nodiscard]] static schemas::Result<DataFolderLock> take(const std::string& data);
  DataFolderLock(DataFolderLock&& other) noexcept;
  DataFolderLock& operator=(DataFolderLock&& other) noexcept;
  ~DataFolderLock();

 private:
  explicit DataFolderLock(int fd) noexcept : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace estop::cli
