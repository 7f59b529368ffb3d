// SPDX-License-Identifier: Apache-2.0

// Comma-separated values (RFC 4180) without line breaks inside fields.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"

namespace estop::incident {

struct CsvRow {
  std::size_t line = 0;  // from 1, as an editor counts
  std::vector<std::string> fields;
  friend bool operator==(const CsvRow&, const CsvRow&) = default;
};

// Every row that is not empty, the header included. A byte order mark and CR LF are accepted.
// kBadArgument names the line: an unclosed quote, text after a quote, a control character, bytes
// that are no UTF-8.
[[nodiscard]] schemas::Result<std::vector<CsvRow>> read_csv(std::string_view text);

}  // namespace estop::incident
