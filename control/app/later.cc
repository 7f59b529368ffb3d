// SPDX-License-Identifier: Apache-2.0
#include "control/app/later.h"

#include <utility>

#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::control {
namespace {

constexpr std::chrono::milliseconds kProofWait{3};  // proofs are checked when the fence is known

}  // namespace

Later::Later(nats::Loop& loop, const schemas::Subjects& subjects,
             const schemas::PublicKey& operators_key, Handler handler)
    : loop_(loop),
      subjects_(subjects),
      operators_key_(operators_key),
      handler_(std::make_shared<const Handler>(std::move(handler))) {}

void Later::next(std::function<Event()> make) {
  loop_.post([weak = std::weak_ptr(handler_), make = std::move(make)] {
    if (const auto handle = weak.lock()) (*handle)(make());
  });
}

void Later::in(std::chrono::microseconds time, std::function<Event()> make) {
  const auto number = ++waits_;
  waiting_[number] = loop_.after(time, [this, number, make = std::move(make)] {
    waiting_.erase(number);
    (*handler_)(make());
  });
}

void Later::perform(const CheckBridgeReceipt& effect) {
  next([effect] {
    return BridgeReceiptChecked{effect.bridge, effect.receipt,
                                schemas::verify_receipt(effect.bytes, effect.key)};
  });
}

void Later::perform(const CheckStopped& effect) {
  next([effect] {
    return StoppedChecked{effect.address, effect.instance, effect.receipt,
                          schemas::verify_stopped(effect.bytes, effect.key)};
  });
}

void Later::perform(const WriteSoon& effect) {
  in(std::chrono::microseconds(effect.in_us), [op_id = effect.op_id] { return WriteDue{op_id}; });
}

void Later::perform(const CheckOrder& effect) {
  in(kProofWait, [this, order = effect.order] {
    return OrderChecked{order, schemas::verify_order(order, operators_key_, subjects_)};
  });
}

}  // namespace estop::control
