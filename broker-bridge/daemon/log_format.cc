// SPDX-License-Identifier: Apache-2.0

// Apart from the log itself, so that a configuration can be checked without its library.
#include "broker-bridge/daemon/log.h"

namespace estop::daemon {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "auto") return LogFormat::kAuto;
  if (text == "json") return LogFormat::kJson;
  if (text == "text") return LogFormat::kText;
  return fail(Errc::kBadArgument, "the log format is auto, json or text");
}

}  // namespace estop::daemon
