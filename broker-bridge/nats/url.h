// SPDX-License-Identifier: Apache-2.0

// The broker's url: the only place that reads `--url`, and the only one that shows it. Pure.
//
// A scheme is honoured or refused: a `tls://` that connected in plain text would be a broken
// promise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace estop::nats {

struct Url {
  std::string host;        // a name or a numeric address, without brackets
  bool is_secure = false;  // tls://: TLS or no connection
  std::string text;        // for the library: nats://[user[:password]@]host:port
};

// Several with commas: `nats://host:4222`, `tls://host:4222`, or `host` alone, which means nats.
// The port is 4222 if it is missing. kBadArgument names the part that is wrong, without its
// password.
[[nodiscard]] schemas::Result<std::vector<Url>> parse_urls(std::string_view text);

// A form of `text` that may be shown and logged: without user, password and token. `text` should be
// a list of urls, but may be anything.
[[nodiscard]] std::string redacted(std::string_view text);

}  // namespace estop::nats
