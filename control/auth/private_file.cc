// SPDX-License-Identifier: Apache-2.0
#include "control/auth/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "broker-bridge/daemon/files.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

// A temporary file that goes away unless it was renamed.
class TemporaryName {
 public:
  explicit TemporaryName(std::string path) : path_(std::move(path)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() { ::unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] char* buffer() { return path_.data(); }

 private:
  std::string path_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

tl::unexpected<schemas::Error> file_failure(const std::string& path, std::string_view what) {
  const std::string cause = std::generic_category().message(errno);
  return fail(Errc::kStoreUnavailable, path + ": " + std::string(what) + ": " + cause);
}

Result<void> make_folder(const std::string& folder) {
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return file_failure(folder, "cannot make the folder");
  }
  return {};
}

Result<void> open_private_folder(const std::string& folder) {
  if (auto made = make_folder(folder); !made) return made;
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return file_failure(folder, "cannot look at it");
  if (!S_ISDIR(status.st_mode)) return fail(Errc::kStoreUnavailable, folder + ": is no folder");
  if (status.st_uid != ::geteuid()) {
    return fail(Errc::kStoreUnavailable, folder + ": belongs to another user");
  }
  if ((status.st_mode & kOthers) == 0) return {};
  return fail(Errc::kStoreUnavailable,
              folder + ": others may use it; if nobody has read it, run `chmod 700 " +
                  daemon::shell_word(folder) + "`");
}

Result<void> sync_folder(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid() || ::fsync(opened.get()) != 0) return file_failure(folder, "cannot sync");
  return {};
}

Result<void> write_private_file(const std::string& path, std::string_view text, Write how) {
  TemporaryName temporary(path + ".XXXXXX");
  const Descriptor file(::mkostemp(temporary.buffer(), O_CLOEXEC));  // mode 0600
  if (!file.valid()) return file_failure(path, "cannot write beside it");
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
    return file_failure(path, "cannot write");
  }
  // link, unlike rename, refuses to take the place of a file that is there.
  const int placed = how == Write::kCreate ? ::link(temporary.path().c_str(), path.c_str())
                                           : ::rename(temporary.path().c_str(), path.c_str());
  if (placed != 0) return file_failure(path, "cannot put it in place");
  const auto folder = std::filesystem::path(path).parent_path();
  return sync_folder(folder.empty() ? "." : folder.string());
}

Result<void> can_create(const std::string& path) {
  if (file_exists(path)) {
    errno = EEXIST;
    return file_failure(path, "cannot put it in place");
  }
  TemporaryName temporary(path + ".XXXXXX");
  const Descriptor file(::mkostemp(temporary.buffer(), O_CLOEXEC));
  if (!file.valid()) return file_failure(path, "cannot write beside it");
  return {};
}

Result<std::string> read_private_file(const std::string& path, std::size_t max_bytes) {
  auto text = daemon::read_file(
      path, {.is_secret = true, .is_own = true, .may_be_empty = true, .max_bytes = max_bytes});
  if (!text) return fail(Errc::kStoreUnavailable, text.error().detail);
  return text;
}

Result<FileLock> FileLock::take(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return file_failure(path, "cannot open");
  FileLock lock(fd);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno != EINTR) return file_failure(path, "cannot lock");
  }
  return lock;
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace estop::control
