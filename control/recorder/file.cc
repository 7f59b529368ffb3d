// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace estop::control {

using schemas::Errc;
using schemas::Result;

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> File::open(const std::string& path, int flags, int mode) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (descriptor < 0) return system_failure("cannot open", path);
  return File(descriptor);
}

bool File::write_all(std::string_view bytes) const noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string File::read_some() const {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

tl::unexpected<schemas::Error> system_failure(std::string_view what, const std::string& path) {
  return schemas::fail(Errc::kStoreUnavailable,
                       fmt::format("{} {}: {}", what, path, std::strerror(errno)));
}

namespace {

// Somebody else has the lock, or errno says what else is wrong.
tl::unexpected<schemas::Error> not_locked(const File& file, const std::string& folder) {
  if (errno != EWOULDBLOCK) return system_failure("cannot lock", folder + "/lock");
  std::string owner = file.read_some();
  while (!owner.empty() && owner.back() == '\n') owner.pop_back();
  return schemas::fail(Errc::kStoreUnavailable,
                       fmt::format("{} is in use by another control (process {}): stop that one "
                                   "first, or use another data folder",
                                   folder, owner.empty() ? "unknown" : owner));
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::string& folder) {
  auto file = File::open(folder + "/lock", O_RDWR | O_CREAT, 0600);
  if (!file) return tl::make_unexpected(file.error());
  if (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) return not_locked(*file, folder);
  // The id is only for the message above: a failure to write it changes nothing.
  if (::ftruncate(file->descriptor(), 0) == 0) {
    (void)file->write_all(std::to_string(::getpid()) + "\n");
  }
  return FolderLock(std::move(*file));
}

Result<void> FolderLock::check(const std::string& folder) {
  std::string there = folder;
  while (::access(there.c_str(), F_OK) != 0 && errno == ENOENT) {
    const auto slash = there.find_last_of('/');
    there = slash == std::string::npos ? "." : there.substr(0, std::max<std::size_t>(slash, 1));
    if (there == "." || there == "/") break;
  }
  const File found(::open(there.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (found.descriptor() < 0 || ::access(there.c_str(), W_OK | X_OK) != 0) {
    return system_failure("cannot write into", there);
  }
  const std::string path = folder + "/lock";
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  const auto file = File::open(path, O_RDWR);
  if (!file) return tl::make_unexpected(file.error());
  // Shared: several may look at once. The kernel takes it back at the end of this function.
  if (::flock(file->descriptor(), LOCK_SH | LOCK_NB) != 0) return not_locked(*file, folder);
  return {};
}

}  // namespace estop::control
