// SPDX-License-Identifier: Apache-2.0

// Keeps the broker's accounts equal to those in the data folder, over control's connection to the
// SYS account. Only this class tells the broker which credentials hold.
//
// The folder is the truth (control/auth/accounts.h); the holder of its lock writes, and only this
// class pushes. It compares at start, after every reconnect and every few seconds. One job at a
// time, so that no push can overtake a newer one. Blocking work (files, locks, signatures) runs on
// a thread of its own; everything else on the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "control/core/events.h"
#include "control/core/ports/access_port.h"
#include "schemas/result.h"

namespace estop::nats {
class Connection;
class Loop;
}  // namespace estop::nats

namespace estop::control {

class ClaimsWriter {
 public:
  struct Options {
    std::string data;  // the data folder: keys/, accounts/, credentials.jsonl
    std::chrono::milliseconds look_every{5'000};
  };
  using Handler = std::function<void(const Event&)>;

  // A writer without the operator's key (`keys/operator.seed`) or without a connection to SYS
  // refuses every withdrawal and says why. `loop` and `sys` must outlive this; `handler` is called
  // on the loop.
  ClaimsWriter(nats::Loop& loop, Options options, nats::Connection* sys,
               const schemas::Subjects& subjects, Handler handler);
  ~ClaimsWriter();  // waits for the file that is being written
  ClaimsWriter(const ClaimsWriter&) = delete;
  ClaimsWriter& operator=(const ClaimsWriter&) = delete;

  // Before SYS connects.
  schemas::Result<void> start();
  void look();  // now: SYS came

  void perform(const AccessAction& action);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::control
