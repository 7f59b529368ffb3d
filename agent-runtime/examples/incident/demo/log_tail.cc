// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/log_tail.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace estop::incident {
namespace {

std::uint64_t size_of(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);
  return failed ? 0 : size;
}

std::string read_from(const std::string& path, std::uint64_t offset) {
  std::ifstream in(path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::optional<std::string> LogTail::next() {
  if (unread_.find('\n') == std::string::npos && size_of(path_) > read_bytes_) {
    const std::string more = read_from(path_, read_bytes_);
    read_bytes_ += more.size();
    unread_ += more;
  }
  const std::size_t end = unread_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

std::string end_of_file(const std::string& path, std::size_t bytes_max) {
  const std::uint64_t size = size_of(path);
  return read_from(path, size - std::min<std::uint64_t>(size, bytes_max));
}

}  // namespace estop::incident
