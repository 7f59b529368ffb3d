// SPDX-License-Identifier: Apache-2.0

// The head of an HTTP request, or the reason why it is refused. Pure.
//
// Beast parses it. We refuse heads that Beast accepts and that two readers could read in two ways:
// folded lines, lone CR or LF, a body with two lengths, a second Host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "broker-bridge/daemon/http_message.h"

namespace estop::daemon {

inline constexpr std::size_t kHttpFieldsMax = 64;
inline constexpr std::size_t kHttpTargetMax_bytes = 4 * 1024;

struct HttpHead {
  std::string method;
  std::string path;  // of an absolute target, too; begins with '/'
  std::string query;
  std::vector<HttpField> fields;  // names in lower case
  bool is_1_0 = false;
  bool keeps_alive = true;
  bool is_chunked = false;
  std::uint64_t body_bytes = 0;  // if it is not chunked
  bool awaits_continue = false;  // the client sends its body only after a 100
  [[nodiscard]] bool has_body() const { return is_chunked || body_bytes > 0; }
  friend bool operator==(const HttpHead&, const HttpHead&) = default;
};
std::ostream& operator<<(std::ostream& out, const HttpHead& head);

// `raw`: everything up to the empty line, with it.
[[nodiscard]] tl::expected<HttpHead, HttpRefusal> read_http_head(std::string_view raw);

// Whether the client is a program, which gets problems as JSON.
[[nodiscard]] bool wants_json(const HttpHead& head);

}  // namespace estop::daemon
