// SPDX-License-Identifier: Apache-2.0

// Columns of text that line up. Pure.
#pragma once

#include <string>
#include <vector>

namespace estop::cli {

using Row = std::vector<std::string>;

// A header row and the rows below it, two spaces between columns, nothing behind the last. Widths
// count characters, not bytes; control characters are shown as '?'. Rows shorter than the header
// end early.
[[nodiscard]] std::string render_table(const Row& header, const std::vector<Row>& rows);

// "name   value" lines for one thing.
[[nodiscard]] std::string render_fields(const std::vector<Row>& fields);

}  // namespace estop::cli
