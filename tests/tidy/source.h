// SPDX-License-Identifier: Apache-2.0

// One C++ source file of the tree, as the style rules look at it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace estop::tidy {

// The same lines three times; columns agree.
struct Source {
  std::string path;                  // from the root of the repository: "schemas/address.cc"
  std::vector<std::string> raw;      // as written
  std::vector<std::string> code;     // comments and the insides of string literals blanked
  std::vector<std::string> strings;  // everything but the insides of string literals blanked

  [[nodiscard]] bool in(std::string_view folder) const;  // "schemas/", or "/core/" for any core
  [[nodiscard]] bool is_header() const;
  [[nodiscard]] std::string_view file_name() const;
};

// Position of `word` in `line`, or npos. Where the word ends in a letter, digit or underscore, no
// other may follow or precede it.
[[nodiscard]] std::size_t find_word(std::string_view line, std::string_view word);

// Splits text into the three views. Knows line and block comments, string, character and raw string
// literals.
[[nodiscard]] Source read_source(std::string path, std::string_view text);

// Every .h and .cc below `root` that is ours: not what a build made, not node_modules, not hidden.
// Sorted by path.
[[nodiscard]] std::vector<Source> read_tree(const std::string& root);

}  // namespace estop::tidy
