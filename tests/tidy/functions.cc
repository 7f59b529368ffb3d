// SPDX-License-Identifier: Apache-2.0

// How long each function is: the one rule that has to know where a function begins and ends.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "tests/tidy/rules.h"

namespace estop::tidy {
namespace {

// Finds the bodies of functions: a brace whose head has a parameter list, not inside another
// function.
class FunctionFinder {
 public:
  explicit FunctionFinder(const Source& source) : source_(source) {}

  Violations run() {
    for (line_ = 0; line_ < source_.code.size(); ++line_) {
      const std::string& text = source_.code[line_];
      if (text.starts_with('#')) continue;
      for (at_ = 0; at_ < text.size(); ++at_) step(text[at_]);
      head_ += ' ';
    }
    return std::move(found_);
  }

 private:
  struct Block {
    bool is_function = false;
    std::size_t first_line = 0;
  };

  void step(char c) {
    if (c == '{') {
      open();
    } else if (c == '}') {
      close();
    } else if (c == ';' && parentheses_ == 0) {
      head_.clear();
    } else {
      if (c == '(') ++parentheses_;
      if (c == ')' && parentheses_ > 0) --parentheses_;
      if (head_.find_first_not_of(' ') == std::string::npos && c != ' ') head_line_ = line_;
      head_ += c;
    }
  }

  void open() {
    const bool container = find_word(head_, "namespace") != std::string_view::npos ||
                           (head_.find(')') == std::string::npos && is_type());
    const bool inside = std::any_of(blocks_.begin(), blocks_.end(),
                                    [](const Block& block) { return block.is_function; });
    blocks_.push_back({!container && !inside && head_.find(')') != std::string::npos, head_line_});
    if (parentheses_ == 0 && !inside) pending_ = head_;
    head_.clear();
  }

  [[nodiscard]] bool is_type() const {
    for (const std::string_view word : {"class", "struct", "union", "enum", "extern"})
      if (find_word(head_, word) != std::string_view::npos) return true;
    return false;
  }

  void close() {
    if (blocks_.empty()) return;
    const Block block = blocks_.back();
    blocks_.pop_back();
    head_.clear();
    // A member initialiser in braces: the head of the constructor goes on.
    const std::string_view rest = std::string_view(source_.code[line_]).substr(at_ + 1);
    const std::size_t next = rest.find_first_not_of(' ');
    if (next != std::string_view::npos && (rest[next] == ',' || rest[next] == '{')) {
      head_ = pending_;
      head_line_ = block.first_line;
      return;
    }
    const std::size_t lines = line_ - block.first_line + 1;
    if (!block.is_function || lines <= kFunctionMax_lines) return;
    found_.push_back({source_.path, block.first_line + 1,
                      fmt::format("function of {} lines: at most {}; split it by what it decides",
                                  lines, kFunctionMax_lines)});
  }

  const Source& source_;
  Violations found_;
  std::vector<Block> blocks_;
  std::string head_, pending_;
  std::size_t head_line_ = 0, line_ = 0, at_ = 0;
  int parentheses_ = 0;
};

}  // namespace

Violations long_functions(const Source& source) {
  return FunctionFinder(source).run();
}

}  // namespace estop::tidy
