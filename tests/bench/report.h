// SPDX-License-Identifier: Apache-2.0

// What was measured, against what, and whether that is good enough: a table for people, JSON lines
// for machines.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace estop::bench {

struct Row {
  std::string what;  // "intents/s through one bridge"
  std::string key;   // "intents_per_s"
  std::string unit;
  double value = 0;
  std::string against;  // "nats.c relay"; empty: nothing
  double baseline = 0;
  double ratio = 0;  // value / baseline; the median of the rounds' own ratios
  std::string goal;  // ">= 0.9 x"
  bool reached = true;
  bool is_required = true;  // false: a goal of a later version; "not yet" while it is not reached
};

void print_table(std::ostream& out, const std::vector<Row>& rows);
void print_json(std::ostream& out, const std::vector<Row>& rows);  // one object a line
[[nodiscard]] bool all_reached(const std::vector<Row>& rows);

}  // namespace estop::bench
