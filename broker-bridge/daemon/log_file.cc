// SPDX-License-Identifier: Apache-2.0

// Apart from the log itself: standard error is a descriptor, whoever writes to it.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/daemon/log.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::Result;

struct LogFile {
  std::mutex lock;
  std::string path;
};

LogFile& log_file() {
  static LogFile file;
  return file;
}

// In place of standard output and error: what a library or a crash writes is in it as well.
Result<void> write_to(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.is_open() && ::dup2(file.get(), STDOUT_FILENO) >= 0 &&
      ::dup2(file.get(), STDERR_FILENO) >= 0) {
    return {};
  }
  return schemas::fail(Errc::kBadArgument,
                       fmt::format("--log-file: {}: {}", path, std::strerror(errno)));
}

}  // namespace

Result<void> open_log_file(const std::string& path) {
  if (path.empty()) return {};
  LogFile& file = log_file();
  const std::lock_guard guard(file.lock);
  if (auto opened = write_to(path); !opened) return opened;
  file.path = path;
  return {};
}

void reopen_log_file() {
  LogFile& file = log_file();
  Result<void> opened;
  {
    const std::lock_guard guard(file.lock);
    if (file.path.empty()) return log_info("hang-up-ignored", {{"text", "there is no --log-file"}});
    opened = write_to(file.path);
  }
  if (opened) return log_info("log-reopened");
  log_warn("log-not-reopened", {{"problem", opened.error().detail}});
}

}  // namespace estop::daemon
