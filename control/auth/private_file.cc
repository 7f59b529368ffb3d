// SPDX-License-Identifier: Apache-2.0
#include "control/auth/private_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "broker-bridge/daemon/files.h"

namespace estop::control {
namespace {

using daemon::file_failure;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

}  // namespace

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

Result<std::string> read_private_file(const std::string& path, std::size_t max_bytes) {
  auto text = daemon::read_file(
      path, {.is_secret = true, .is_own = true, .may_be_empty = true, .max_bytes = max_bytes});
  if (!text) return fail(Errc::kStoreUnavailable, text.error().detail);
  return text;
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace estop::control
