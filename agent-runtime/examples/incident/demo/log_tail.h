// SPDX-License-Identifier: Apache-2.0

// The JSON lines that a child process writes to its log, as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace estop::incident {

class LogTail {
 public:
  LogTail() = default;
  explicit LogTail(std::string path) : path_(std::move(path)) {}

  // The next whole line; nullopt: none yet. Reads the file only if it has grown.
  [[nodiscard]] std::optional<std::string> next();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::uint64_t read_bytes_ = 0;
  std::string unread_;  // read from the file, and not handed out yet
};

// The last bytes of a file, for an error message; empty if there is none.
[[nodiscard]] std::string end_of_file(const std::string& path, std::size_t bytes_max);

}  // namespace estop::incident
