// SPDX-License-Identifier: Apache-2.0
#include "control/cli/table.h"

#include <algorithm>
#include <cstddef>

#include "control/cli/text.h"

namespace estop::cli {
namespace {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

void append_row(const Row& row, const std::vector<std::size_t>& widths, std::string& out) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string cell = shown(row[i]);
    out += cell;
    if (i + 1 < row.size()) out.append(widths[i] - width(cell) + 2, ' ');
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  out += '\n';
}

std::string render(const std::vector<const Row*>& rows) {
  std::vector<std::size_t> widths;
  for (const Row* row : rows) {
    widths.resize(std::max(widths.size(), row->size()));
    for (std::size_t i = 0; i < row->size(); ++i) {
      widths[i] = std::max(widths[i], width((*row)[i]));
    }
  }
  std::string out;
  for (const Row* row : rows) append_row(*row, widths, out);
  return out;
}

}  // namespace

std::string render_table(const Row& header, const std::vector<Row>& rows) {
  std::vector<const Row*> all{&header};
  for (const Row& row : rows) all.push_back(&row);
  return render(all);
}

std::string render_fields(const std::vector<Row>& fields) {
  std::vector<const Row*> all;
  for (const Row& field : fields) all.push_back(&field);
  return render(all);
}

}  // namespace estop::cli
