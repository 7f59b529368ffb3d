// SPDX-License-Identifier: Apache-2.0

// Warnings that repeat. The first is logged at once, the same one again after a minute at the
// earliest, with the number of those left out. Pure, bounded. One thread, or a lock around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

namespace estop::daemon {

class Repeats {
 public:
  static constexpr std::uint64_t kEvery_ms = 60'000;
  static constexpr std::size_t kLinesMax = 256;  // remembered; beyond the oldest is dropped
  static constexpr std::size_t kLineMax_bytes = 2 * 1024;  // a longer line is logged every time

  struct Verdict {
    bool is_told = true;
    std::uint64_t left_out = 0;  // of the same line, since it was last logged
  };
  // A line that was left out, and nothing has told so since.
  struct Owed {
    std::string line;
    std::uint64_t left_out = 0;
    friend bool operator==(const Owed&, const Owed&) = default;
  };

  [[nodiscard]] Verdict see(const std::string& line, std::uint64_t now_ms);
  // What is to be told of lines that stopped, or were dropped. Forgets what is a minute old.
  [[nodiscard]] std::vector<Owed> take_owed(std::uint64_t now_ms);
  [[nodiscard]] std::size_t size() const { return told_.size(); }

 private:
  struct Told {
    std::string line;
    std::uint64_t at_ms = 0;
    std::uint64_t left_out = 0;
  };
  std::list<Told> told_;  // the oldest first
  std::vector<Owed> dropped_;
};

}  // namespace estop::daemon
