// SPDX-License-Identifier: Apache-2.0

// Reads a range of the control log by requests to control, one for each record: many in flight,
// passed on in order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker-bridge/nats/connection.h"
#include "schemas/subjects.h"

namespace estop::bridge {

class LogReader {
 public:
  // Called on the loop, never from within the constructor. After `done` or `failed` nothing more
  // comes.
  struct Events {
    std::function<void(std::string_view frame)> record;
    std::function<void()> done;
    std::function<void(std::string reason)> failed;
  };
  // `ask` is estop.read.<bridge>; `control`, in the CONTROL account, must outlive this. Destroying
  // it abandons the read; no event comes afterwards, also if it is destroyed by one of them.
  LogReader(nats::Connection& control, schemas::Subject ask, std::uint64_t from, std::uint64_t to,
            Events events);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::bridge
