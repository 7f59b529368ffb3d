// SPDX-License-Identifier: Apache-2.0

// An Estop for the benchmark: `estop up` on a free port in a temporary folder, and the two
// yardsticks beside it.
#pragma once

#include <string>
#include <vector>

#include "broker-bridge/daemon/process.h"
#include "tests/bench/rounds.h"

namespace estop::bench {

class Running {
 public:
  // Throws std::runtime_error with the cause and the log's place.
  Running(const std::string& self, std::size_t victims);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();  // ends everything and removes the folder
  [[nodiscard]] const Bench& bench() const noexcept { return bench_; }

 private:
  [[nodiscard]] Lane lane(const schemas::Subjects& subjects, const std::string& sender) const;
  [[nodiscard]] std::string creds(const schemas::Subjects& subjects, const std::string& name) const;
  void start_yardsticks(const std::string& self);

  std::string folder_;
  std::string url_;
  daemon::ChildProcess up_;
  std::vector<daemon::ChildProcess> yardsticks_;
  Bench bench_;
};

}  // namespace estop::bench
