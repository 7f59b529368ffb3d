// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temp_dir.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace estop::testing {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "estop-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::filesystem::filesystem_error("mkdtemp", name,
                                            std::error_code(errno, std::generic_category()));
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  const bool is_new = !std::filesystem::exists(path);
  std::ofstream(path, std::ios::binary) << text;
  using std::filesystem::perms;
  if (is_new) std::filesystem::permissions(path, perms::owner_read | perms::owner_write);
}

}  // namespace estop::testing
