// SPDX-License-Identifier: Apache-2.0
#include "control/cli/export_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "broker-bridge/daemon/files.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::size_t kBlock_bytes = 256 * 1024;
constexpr std::size_t kLineMax_bytes = 4 * 1024 * 1024;  // no entry is that long

bool is_there(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

tl::unexpected<schemas::Error> is_taken(const std::string& path) {
  return fail(Errc::kStoreUnavailable,
              fmt::format("{} exists and is not overwritten: name a new file", shown(path)));
}

// Takes the whole lines out of `text`.
Result<void> take_lines(std::string& text, const TakeLine& take) {
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (auto taken = take(std::string_view(text).substr(begin, end - begin)); !taken) return taken;
  }
  text.erase(0, begin);
  return {};
}

}  // namespace

Result<void> read_lines(const std::string& path, const TakeLine& take) {
  const daemon::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) {
    return daemon::file_failure(shown(path), "cannot open");
  }
  if (!S_ISREG(found.st_mode)) {
    return fail(Errc::kStoreUnavailable, fmt::format("{} is no plain file", shown(path)));
  }
  std::string text;
  std::string block(kBlock_bytes, '\0');
  for (;;) {
    const ssize_t count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return daemon::file_failure(shown(path), "cannot read");
    if (count == 0) break;
    text.append(block, 0, static_cast<std::size_t>(count));
    if (auto taken = take_lines(text, take); !taken) return taken;
    if (text.size() > kLineMax_bytes) break;
  }
  if (text.empty()) return {};
  return fail(Errc::kStoreUnavailable,
              fmt::format("{} is no whole export: its last line has no end", shown(path)));
}

ExportFile::ExportFile(std::string path)
    : path_(std::move(path)),
      part_(fmt::format("{}.part-{}", path_, ::getpid())),
      file_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}

ExportFile::ExportFile(ExportFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::exchange(other.part_, {})),
      file_(std::move(other.file_)),
      waiting_(std::move(other.waiting_)) {}

ExportFile::~ExportFile() {
  if (file_.is_open() && !part_.empty()) ::unlink(part_.c_str());
}

Result<ExportFile> ExportFile::create(const std::string& path) {
  if (is_there(path)) return is_taken(path);
  ExportFile made(path);
  if (!made.file_.is_open()) return daemon::file_failure(shown(made.part_), "cannot make it");
  return made;
}

Result<void> ExportFile::write(std::string_view line) {
  waiting_.append(line).push_back('\n');
  return waiting_.size() < kBlock_bytes ? Result<void>() : flush();
}

Result<void> ExportFile::flush() {
  if (!daemon::write_all(file_, waiting_)) {
    return daemon::file_failure(shown(path_), "cannot write it, nothing is left of it");
  }
  waiting_.clear();
  return {};
}

Result<void> ExportFile::finish(const TakeLine& check) {
  if (auto written = flush(); !written) return written;
  if (::fsync(file_.get()) != 0) return daemon::file_failure(shown(path_), "cannot sync it");
  if (auto good = read_lines(part_, check); !good) return good;
  // link, unlike rename, refuses to take the place of a file that is there.
  if (::link(part_.c_str(), path_.c_str()) != 0) {
    if (errno == EEXIST) return is_taken(path_);
    return daemon::file_failure(shown(path_), "cannot put it in place");
  }
  return daemon::sync_folder(daemon::folder_of(path_));
}

}  // namespace estop::cli
