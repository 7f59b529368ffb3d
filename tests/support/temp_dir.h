// SPDX-License-Identifier: Apache-2.0

// A folder that is gone after the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace estop::testing {

class TempDir {
 public:
  TempDir();   // throws std::filesystem::filesystem_error
  ~TempDir();  // with all that is in it
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// The whole file; empty if there is none.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);
// A new file is for its owner alone, as credentials have to be.
void write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace estop::testing
