// SPDX-License-Identifier: Apache-2.0

// What a person sees of the demo: one line a step, with the time since the start.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace estop::incident {

// 12345 as "12,345".
[[nodiscard]] std::string grouped(std::size_t number);

class Screen {
 public:
  enum class Tone { kPlain, kGood, kBad };
  // `quiet`: nothing but the closing line. `is_terminal`: colours, and a line that moves.
  Screen(bool quiet, bool is_terminal);

  void title(const std::string& text);
  void step(std::string_view label, const std::string& text, Tone tone = Tone::kPlain);
  void command(const std::string& text);  // what the operator types
  void live(const std::string& text);     // overwritten by what comes next; only on a terminal
  void closing(const std::string& json);  // always, and always last
  void problem(const std::string& text);  // on standard error, also when quiet

 private:
  void line(const std::string& text);
  [[nodiscard]] double seconds() const;

  bool quiet_;
  bool is_terminal_;
  bool live_shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace estop::incident
