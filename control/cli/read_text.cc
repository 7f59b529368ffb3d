// SPDX-License-Identifier: Apache-2.0
#include "control/cli/read_text.h"

#include "broker-bridge/daemon/files.h"

namespace estop::cli {

schemas::Result<std::string> read_file(const std::string& path) {
  auto text = daemon::read_file(path, {.may_be_empty = true, .max_bytes = kFileMax_bytes});
  if (text) return text;
  const std::string start = path + ": ";
  std::string cause = text.error().detail;
  if (cause.starts_with(start)) cause.erase(0, start.size());
  return schemas::fail(schemas::Errc::kStoreUnavailable, std::move(cause));
}

std::string read_text(const std::string& path) {
  return read_file(path).value_or(std::string());
}

}  // namespace estop::cli
