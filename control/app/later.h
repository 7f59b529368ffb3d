// SPDX-License-Identifier: Apache-2.0

// What the core wants to hear of later: checks of signatures, behind what must not wait for them,
// and the ends of waits. On the loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "broker-bridge/nats/loop.h"
#include "control/core/effects.h"
#include "control/core/events.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::control {

class Later {
 public:
  using Handler = std::function<void(const Event&)>;

  // `loop` and `subjects` must outlive this. Nothing is handled when it has gone.
  Later(nats::Loop& loop, const schemas::Subjects& subjects,
        const schemas::PublicKey& operators_key, Handler handler);

  void perform(const CheckBridgeReceipt& effect);
  void perform(const CheckStopped& effect);
  void perform(const WriteSoon& effect);
  void perform(const CheckOrder& effect);

 private:
  void next(std::function<Event()> make);  // behind what waits on the loop already
  void in(std::chrono::microseconds time, std::function<Event()> make);

  nats::Loop& loop_;
  const schemas::Subjects& subjects_;
  const schemas::PublicKey operators_key_;
  const std::shared_ptr<const Handler> handler_;
  std::map<std::uint64_t, nats::Loop::Timer> waiting_;
  std::uint64_t waits_ = 0;
};

}  // namespace estop::control
