// SPDX-License-Identifier: Apache-2.0

// The house style as functions: a source in, violations out. Each says what to do instead.
//
// Adding a rule: one row in a table of rules.cc if it is about an include, a word or a literal;
// otherwise a function here and a test over the tree in tidy_test.cc. Each rule has a case in
// rules_test.cc that fails without it.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "tests/tidy/source.h"

namespace estop::tidy {

inline constexpr std::size_t kColumnsMax = 100;
inline constexpr std::size_t kFileMax_lines = 300;

struct Violation {
  std::string path;
  std::size_t line = 0;  // from 1
  std::string text;      // what is wrong and what to do
  friend bool operator==(const Violation&, const Violation&) = default;
};
using Violations = std::vector<Violation>;
std::ostream& operator<<(std::ostream& out, const Violation& violation);  // path:line: text

[[nodiscard]] Violations long_lines(const Source& source);        // counts characters, not bytes
[[nodiscard]] Violations long_files(const Source& source);        // of the product; none grows
[[nodiscard]] Violations foreign_includes(const Source& source);  // pure folders, one place each
// Includes that our headers must not drag in.
[[nodiscard]] Violations heavy_includes(const Source& source);
[[nodiscard]] Violations banned_words(const Source& source);        // with the replacement
[[nodiscard]] Violations misplaced_literals(const Source& source);  // subjects, metric names
[[nodiscard]] Violations missing_once(const Source& source);        // #pragma once
[[nodiscard]] Violations missing_license(const Source& source);     // SPDX, in the first line

// That needs the whole tree.
[[nodiscard]] Violations twin_types(const std::vector<Source>& tree);  // one name, one type

}  // namespace estop::tidy
