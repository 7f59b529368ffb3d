// SPDX-License-Identifier: Apache-2.0

// What an agent of the incident tells the one who started it: JSON lines on standard output.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string_view>
#include <utility>

#include "estop/agent_types.h"

namespace estop::incident {

// Any thread may write. Each line is written whole and at once, so that none is lost in a kill -9.
class Journal {
 public:
  using Number = std::pair<std::string_view, std::uint64_t>;
  // {"event":"stopped","confirmed":17}
  void event(std::string_view name, std::initializer_list<Number> numbers = {});
  // {"event":"failed","what":"checkpoint","error":"4092 version-conflict: …"}
  void failure(std::string_view what, const Error& error);

 private:
  void line(std::string text);
  std::mutex mutex_;
};

}  // namespace estop::incident
