// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "broker-bridge/daemon/descriptor.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr mode_t kOthersMay = S_IROTH | S_IWOTH;
constexpr std::string_view kPlainCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:@%+=";

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
  return refused(path, fmt::format("{}: {}", what, std::strerror(cause)));
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

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string half = path + ".new";
  {
    const Descriptor file(::open(half.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file.is_open() && errno == ENOENT) return refused(half, "its folder is missing: make it");
    if (!file.is_open()) return failed(half, "cannot make it");
    while (!text.empty()) {
      const ssize_t count = ::write(file.get(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return failed(half, "cannot write it");
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  if (std::rename(half.c_str(), path.c_str()) == 0) return {};
  return failed(path, "cannot take its place");
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
