#include "control/cli/read_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace estop::cli {
namespace {

using schemas::Errc;
using schemas::fail;

}  // namespace

schemas::Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return fail(Errc::kStoreUnavailable, std::strerror(errno));
  struct stat status {};
  std::string text;
  bool is_read = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  std::string problem = is_read ? "" : "it is no plain file";
  while (is_read && text.size() <= kFileMax_bytes) {
    char some[4096];
    const ssize_t size = ::read(fd, some, sizeof some);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) problem = std::strerror(errno);
    is_read = size > 0;
    if (is_read) text.append(some, static_cast<std::size_t>(size));
  }
  ::close(fd);
  if (text.size() > kFileMax_bytes) problem = "it is too large";
  if (!problem.empty()) return fail(Errc::kStoreUnavailable, problem);
  return text;
}

std::string read_text(const std::string& path) {
  return read_file(path).value_or(std::string());
}

}  // namespace estop::cli
