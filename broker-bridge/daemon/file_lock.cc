// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "broker-bridge/daemon/files.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::Result;

Descriptor opened(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

// Somebody else has the lock, or errno says what else is wrong.
tl::unexpected<schemas::Error> not_locked(const Descriptor& file, const std::string& path,
                                          std::string_view holder) {
  if (errno != EWOULDBLOCK) return file_failure(path, "cannot lock");
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  std::string_view process(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  process = process.substr(0, process.find('\n'));
  return schemas::fail(Errc::kStoreUnavailable,
                       fmt::format("{} is in use by {} (process {}): stop that one first, or use "
                                   "another data folder",
                                   folder_of(path), holder, process.empty() ? "unknown" : process));
}

}  // namespace

Result<FileLock> FileLock::wait_for(const std::string& path) {
  Descriptor file = opened(path);
  if (!file.is_open()) return file_failure(path, "cannot open");
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return file_failure(path, "cannot lock");
  }
  return FileLock(std::move(file));
}

Result<FileLock> FileLock::take(const std::string& path, std::string_view holder) {
  Descriptor file = opened(path);
  if (!file.is_open()) return file_failure(path, "cannot open");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return not_locked(file, path, holder);
  // The id is only for the message above: a failure to write it changes nothing.
  if (::ftruncate(file.get(), 0) == 0) {
    (void)write_all(file, std::to_string(::getpid()) + "\n");
  }
  return FileLock(std::move(file));
}

Result<void> FileLock::check(const std::string& path, std::string_view holder) {
  std::string there = folder_of(path);
  while (::access(there.c_str(), F_OK) != 0 && errno == ENOENT && there != "." && there != "/") {
    there = folder_of(there);
  }
  const Descriptor folder(::open(there.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::access(there.c_str(), W_OK | X_OK) != 0) {
    return file_failure(there, "cannot write into it");
  }
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return file_failure(path, "cannot open");
  // Shared: several may look at once. The kernel takes it back at the end of this function.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) != 0) return not_locked(file, path, holder);
  return {};
}

}  // namespace estop::daemon
