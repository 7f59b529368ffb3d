// SPDX-License-Identifier: Apache-2.0
#include "control/cli/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace estop::cli {
namespace {

using schemas::Errc;
using schemas::fail;

std::string holder(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "unknown";
}

}  // namespace

schemas::Result<DataFolderLock> DataFolderLock::take(const std::string& data) {
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(data, error);
  if (is_new) ::chmod(data.c_str(), 0700);
  const std::string path = data + "/up.lock";
  const int fd = error ? -1 : ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const std::string cause = error ? error.message() : std::strerror(errno);
    return fail(Errc::kStoreUnavailable,
                fmt::format("{}: {}; name a folder that you may write with --data", path, cause));
  }
  DataFolderLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return fail(
        Errc::kStoreUnavailable,
        fmt::format("{} is in use by process {} (`estop up`): end that one, or name another "
                    "folder with --data",
                    data, holder(fd)));
  }
  const std::string self = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size())) {
    return fail(Errc::kStoreUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return lock;
}

DataFolderLock::DataFolderLock(DataFolderLock&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

DataFolderLock& DataFolderLock::operator=(DataFolderLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

DataFolderLock::~DataFolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace estop::cli
