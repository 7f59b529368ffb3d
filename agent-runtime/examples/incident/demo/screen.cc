// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/screen.h"

#include <fmt/format.h>

#include <iostream>

namespace estop::incident {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[2K";
constexpr std::string_view kPlain = "\x1b[0m";

std::string_view colour(Screen::Tone tone) {
  switch (tone) {
    case Screen::Tone::kPlain:
      return kPlain;
    case Screen::Tone::kGood:
      return "\x1b[32m";
    case Screen::Tone::kBad:
      return "\x1b[31m";
  }
  return kPlain;
}

}  // namespace

std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

Screen::Screen(bool quiet, bool is_terminal) : quiet_(quiet), is_terminal_(is_terminal) {}

double Screen::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Screen::line(const std::string& text) {
  if (quiet_) return;
  if (live_shown_) std::cout << kEraseLine;
  live_shown_ = false;
  std::cout << text << '\n' << std::flush;
}

void Screen::title(const std::string& text) {
  line(is_terminal_ ? fmt::format("\x1b[1m{}{}", text, kPlain) : text);
}

void Screen::step(std::string_view label, const std::string& text, Tone tone) {
  const std::string shown = is_terminal_ ? fmt::format("{}{:<10}{}", colour(tone), label, kPlain)
                                         : fmt::format("{:<10}", label);
  line(fmt::format("{:7.2f} s  {}  {}", seconds(), shown, text));
}

void Screen::command(const std::string& text) {
  line(is_terminal_ ? fmt::format("           \x1b[1m$ {}{}", text, kPlain)
                    : fmt::format("           $ {}", text));
}

void Screen::live(const std::string& text) {
  if (quiet_ || !is_terminal_) return;
  std::cout << kEraseLine << fmt::format("{:7.2f} s  {}", seconds(), text) << std::flush;
  live_shown_ = true;
}

void Screen::closing(const std::string& json) {
  if (live_shown_) std::cout << kEraseLine;
  std::cout << json << '\n' << std::flush;
}

void Screen::problem(const std::string& text) {
  if (live_shown_) std::cout << kEraseLine << std::flush;
  live_shown_ = false;
  std::cerr << "estop-demo: " << text << '\n';
}

}  // namespace estop::incident
