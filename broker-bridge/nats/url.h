// SPDX-License-Identifier: Apache-2.0

// Where a broker is: the one place that reads `--url`, and the one that shows it. Pure.
//
// A scheme is honoured or refused: a `tls://` that connected in plain text would be a promise that
// nobody keeps.
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

// What may be shown and logged of any text that should be a list of urls, also of one that is none:
// without user, password and token.
[[nodiscard]] std::string redacted(std::string_view text);

}  // namespace estop::nats
