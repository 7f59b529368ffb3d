// SPDX-License-Identifier: Apache-2.0

// The progress of an order: from the stream of control's answers to lines for people and an exit
// code. Pure.
//
// Unconfirmed is never shown as stopped: the exit code is 0 only if control itself says that every
// asked-for stage is reached.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/cli/exit_status.h"
#include "schemas/result.h"

namespace estop::cli {

class Progress {
 public:
  // Takes one answer and returns the lines to print for it, without line ends.
  std::vector<std::string> take(std::string_view json);
  // The signed order has left for the bridges. Whatever control answers from here on, they may obey
  // it: a refusal no longer means "nothing was done".
  void order_is_out() { is_out_ = true; }
  // The answers ended early: no contact, or the time is over.
  std::vector<std::string> take(const schemas::Error& error);

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  bool accepted_ = false;
  bool is_out_ = false;
  bool done_ = false;
  ExitStatus status_ = ExitStatus::kUnconfirmed;
};

}  // namespace estop::cli
