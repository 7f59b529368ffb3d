// SPDX-License-Identifier: Apache-2.0

// Files of exported lines: written whole or not at all, and read line by line, whatever their size.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/descriptor.h"
#include "schemas/result.h"

namespace estop::cli {

using TakeLine = std::function<schemas::Result<void>(std::string_view line)>;

// Calls `take` for each line, without its end, until that fails. kStoreUnavailable: the file cannot
// be read, is no plain file, or does not end with a line's end.
[[nodiscard]] schemas::Result<void> read_lines(const std::string& path, const TakeLine& take);

// A file that is written beside its place under another name; only `finish` puts it there. An
// unfinished file is removed, unless the process is killed, which leaves `<path>.part-<process>`.
class ExportFile {
 public:
  // For its owner alone. kStoreUnavailable: there is such a file already, or it cannot be made.
  [[nodiscard]] static schemas::Result<ExportFile> create(const std::string& path);
  ExportFile(ExportFile&& other) noexcept;
  ExportFile& operator=(ExportFile&&) = delete;
  ~ExportFile();

  [[nodiscard]] schemas::Result<void> write(std::string_view line);
  // Writes the file to the disk, reads it again line by line with `check`, and then puts it in its
  // place.
  [[nodiscard]] schemas::Result<void> finish(const TakeLine& check);

 private:
  explicit ExportFile(std::string path);
  [[nodiscard]] schemas::Result<void> flush();

  std::string path_;
  std::string part_;
  daemon::Descriptor file_;
  std::string waiting_;  // of the lines, not written yet
};

}  // namespace estop::cli
