// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace estop::bench {
namespace {

std::string number(double value) {
  return value >= 1'000 ? fmt::format("{:.0f}", value)
         : value >= 10  ? fmt::format("{:.1f}", value)
                        : fmt::format("{:.2f}", value);
}

const char* verdict(const Row& row) {
  if (row.goal.empty()) return "";
  if (row.reached) return "ok";
  return row.is_required ? "MISSED" : "not yet";
}

}  // namespace

void print_table(std::ostream& out, const std::vector<Row>& rows) {
  out << fmt::format("{:<44} {:>10} {:<4} {:>10} {:<22} {:>7}  {:<10}\n", "what", "estop", "",
                     "baseline", "against", "ratio", "goal");
  for (const Row& row : rows) {
    const bool compared = !row.against.empty();
    out << fmt::format("{:<44} {:>10} {:<4} {:>10} {:<22} {:>7}  {:<10} {}\n", row.what,
                       number(row.value), row.unit, compared ? number(row.baseline) : "",
                       row.against, compared ? fmt::format("{:.2f} x", row.ratio) : "", row.goal,
                       verdict(row));
  }
}

void print_json(std::ostream& out, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    nlohmann::ordered_json line{{"key", row.key},
                                {"what", row.what},
                                {"value", row.value},
                                {"unit", row.unit},
                                {"goal", row.goal},
                                {"reached", row.reached},
                                {"required", row.is_required}};
    if (!row.against.empty()) {
      line["against"] = row.against;
      line["baseline"] = row.baseline;
      line["ratio"] = row.ratio;
    }
    out << line.dump() << '\n';
  }
}

bool all_reached(const std::vector<Row>& rows) {
  return std::all_of(rows.begin(), rows.end(),
                     [](const Row& row) { return row.reached || !row.is_required; });
}

}  // namespace estop::bench
