// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/csv.h"

#include <algorithm>
#include <utility>

#include "schemas/codec.h"

namespace estop::incident {
namespace {

using schemas::Errc;
using schemas::Result;

tl::unexpected<schemas::Error> bad_line(std::size_t line, std::string_view what) {
  return schemas::fail(Errc::kBadArgument,
                       "line " + std::to_string(line) + ": " + std::string(what));
}

bool is_printable(std::string_view line) {
  return schemas::is_clean_text(line) && line.find('\t') == std::string_view::npos;
}

// Takes one quoted field, whose opening quote is gone, from `rest`. False: never closed.
bool take_quoted(std::string_view& rest, std::string& field) {
  while (true) {
    const std::size_t quote = rest.find('"');
    if (quote == std::string_view::npos) return false;
    field += rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) return true;
    field += '"';  // "" stands for one
    rest.remove_prefix(1);
  }
}

Result<std::vector<std::string>> split(std::string_view rest, std::size_t line) {
  std::vector<std::string> fields;
  while (true) {
    std::string field;
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      if (!take_quoted(rest, field)) return bad_line(line, "a quote is never closed");
      if (!rest.empty() && rest.front() != ',') return bad_line(line, "text after a closing quote");
    } else {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      field = rest.substr(0, comma);
      if (field.find('"') != std::string::npos) return bad_line(line, "a quote inside a field");
      rest.remove_prefix(comma);
    }
    fields.push_back(std::move(field));
    if (rest.empty()) return fields;
    rest.remove_prefix(1);  // the comma
  }
}

}  // namespace

Result<std::vector<CsvRow>> read_csv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRow> rows;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (raw.ends_with('\r')) raw.remove_suffix(1);
    if (raw.empty()) continue;
    if (!is_printable(raw))
      return bad_line(line, "a control character, or bytes that are no UTF-8");
    auto fields = split(raw, line);
    if (!fields) return tl::make_unexpected(fields.error());
    rows.push_back({line, std::move(*fields)});
  }
  return rows;
}

}  // namespace estop::incident
