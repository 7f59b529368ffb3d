// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr mode_t kOthersMay = S_IROTH | S_IWOTH;
constexpr std::string_view kPlainCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:@%+=";

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

tl::unexpected<schemas::Error> refused(const std::string& path, std::string_view why) {
  return fail(Errc::kStoreUnavailable, fmt::format("{}: {}", path, why));
}

tl::unexpected<schemas::Error> failed(const std::string& path, std::string_view what) {
  const int cause = errno;
  if (cause == ENOENT || cause == ENOTDIR) {
    return fail(Errc::kNotFound, fmt::format("{}: there is no such file", path));
  }
  if (cause == EACCES || cause == EPERM) {
    return refused(path, fmt::format("permission denied to user {}: give it the right, or start "
                                     "this program as another user",
                                     ::geteuid()));
  }
  if (cause == ELOOP) return refused(path, "is a link: put the file itself there");
  if (cause == EISDIR) return refused(path, "is a folder, not a file");
  return file_failure(path, what);
}

Result<void> check(const std::string& path, const struct stat& found, const FileRules& rules) {
  if (S_ISDIR(found.st_mode)) return refused(path, "is a folder, not a file");
  if (!S_ISREG(found.st_mode)) return refused(path, "is no plain file");
  if (rules.is_own && found.st_uid != ::geteuid() && found.st_uid != 0) {
    return refused(path, fmt::format("belongs to another user ({})", found.st_uid));
  }
  if (rules.is_secret) {
    if (auto open = exposed(path, found.st_mode)) return fail(Errc::kStoreUnavailable, *open);
  }
  if (static_cast<std::size_t>(found.st_size) <= rules.max_bytes) return {};
  return refused(path,
                 fmt::format("is too large: {} bytes, at most {}", found.st_size, rules.max_bytes));
}

}  // namespace

Result<std::string> read_file(const std::string& path, const FileRules& rules) {
  const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (rules.is_own ? O_NOFOLLOW : 0);
  const Descriptor file(::open(path.c_str(), flags));
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) return failed(path, "cannot open it");
  if (auto checked = check(path, found, rules); !checked) return passed_on(checked);
  // One byte more than it should have: a file that grew meanwhile is seen.
  std::string text(static_cast<std::size_t>(found.st_size) + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(path, "cannot read it");
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  text.resize(size);
  if (text.empty() && !rules.may_be_empty) return refused(path, "is empty");
  return text;
}

Result<std::string> read_private_file(const std::string& path) {
  FileRules rules;
  rules.is_secret = true;
  return read_file(path, rules);
}

std::optional<std::string> exposed(const std::string& path, mode_t mode) {
  if ((mode & kOthersMay) == 0) return std::nullopt;
  const char* what = (mode & kOthersMay) == S_IROTH   ? "read"
                     : (mode & kOthersMay) == S_IWOTH ? "write"
                                                      : "read and write";
  return fmt::format("{}: others may {} it (mode {:04o}): if nobody has, run `chmod o= {}`", path,
                     what, mode & 07777U, shell_word(path));
}

std::optional<std::string> exposed(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return exposed(path, found.st_mode);
}

bool write_all(const Descriptor& file, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

tl::unexpected<schemas::Error> file_failure(const std::string& path, std::string_view what) {
  return refused(path, fmt::format("{}: {}", what, std::strerror(errno)));
}

Result<void> replace_file(const std::string& path, std::string_view text, const WriteRules& rules) {
  const std::string half = path + ".new";
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  const Descriptor file(::open(half.c_str(), flags, rules.mode));
  if (!file.is_open() && errno == ENOENT) return refused(half, "its folder is missing: make it");
  if (!file.is_open()) return failed(half, "cannot make it");
  if (!write_all(file, text)) return failed(half, "cannot write it");
  if (rules.is_durable && ::fsync(file.get()) != 0) return failed(half, "cannot sync it");
  if (std::rename(half.c_str(), path.c_str()) != 0) return failed(path, "cannot take its place");
  return rules.is_durable ? sync_folder(folder_of(path)) : Result<void>();
}

Result<void> write_private_file(const std::string& path, std::string_view text, Write how) {
  TemporaryName temporary(path + ".XXXXXX");
  const Descriptor file(::mkostemp(temporary.buffer(), O_CLOEXEC));  // mode 0600
  if (!file.is_open()) return file_failure(path, "cannot write beside it");
  if (!write_all(file, text) || ::fsync(file.get()) != 0) {
    return file_failure(path, "cannot write");
  }
  // link, unlike rename, refuses to take the place of a file that is there.
  const int placed = how == Write::kCreate ? ::link(temporary.path().c_str(), path.c_str())
                                           : ::rename(temporary.path().c_str(), path.c_str());
  if (placed != 0) return file_failure(path, "cannot put it in place");
  return sync_folder(folder_of(path));
}

Result<void> can_create(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    errno = EEXIST;
    return file_failure(path, "cannot put it in place");
  }
  TemporaryName temporary(path + ".XXXXXX");
  const Descriptor file(::mkostemp(temporary.buffer(), O_CLOEXEC));
  if (!file.is_open()) return file_failure(path, "cannot write beside it");
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open() || ::fsync(opened.get()) != 0) return file_failure(folder, "cannot sync");
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::string shell_word(std::string_view text) {
  if (!text.empty() && text.find_first_not_of(kPlainCharacters) == std::string_view::npos) {
    return std::string(text);
  }
  std::string word = "'";
  for (const char one : text) word += one == '\'' ? std::string("'\\''") : std::string(1, one);
  return word + "'";
}

}  // namespace estop::daemon
