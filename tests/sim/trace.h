// SPDX-License-Identifier: Apache-2.0

// The history of a run: always as a hash, as text only where somebody reads it.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <ostream>
#include <string>
#include <string_view>

#include "tests/sim/time.h"

namespace estop::sim {

class Trace {
 public:
  static constexpr std::size_t kAll = SIZE_MAX;

  // Keeps the newest `lines` lines of text; kAll: writes them to `out` as they come.
  explicit Trace(std::size_t lines = 0, std::ostream* out = nullptr) : lines_(lines), out_(out) {}

  // `make_text` returns the line; it is called only if somebody reads it.
  template <class MakeText>
  void note(Nanos now, std::string_view bytes, MakeText make_text) {
    fold(static_cast<std::uint64_t>(now));
    fold(bytes);
    if (lines_ != 0) keep(now, make_text());
  }

  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  [[nodiscard]] const std::deque<std::string>& tail() const noexcept { return tail_; }

 private:
  void fold(std::uint64_t word) noexcept {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15U;
    hash_ ^= hash_ >> 29;
  }
  void fold(std::string_view bytes) noexcept {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      fold(word);
    }
    std::uint64_t rest = bytes.size();
    for (const char byte : bytes) rest = rest << 8 | static_cast<std::uint8_t>(byte);
    fold(rest);
  }
  void keep(Nanos now, std::string text);

  std::size_t lines_;
  std::ostream* out_;
  std::uint64_t hash_ = 0xCBF29CE484222325U;
  std::deque<std::string> tail_;
};

}  // namespace estop::sim
