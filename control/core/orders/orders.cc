// SPDX-License-Identifier: Apache-2.0
#include "control/core/orders/orders.h"

#include <algorithm>
#include <utility>

namespace estop::control {

Order& Orders::add(Order order) {
  std::string op_id = order.op_id;
  return orders_.insert_or_assign(std::move(op_id), std::move(order)).first->second;
}

Order* Orders::find(const std::string& op_id) {
  const auto found = orders_.find(op_id);
  return found == orders_.end() ? nullptr : &found->second;
}

const Order* Orders::find(const std::string& op_id) const {
  const auto found = orders_.find(op_id);
  return found == orders_.end() ? nullptr : &found->second;
}

bool Orders::watch(Order& order, const Asker& asker, const OrderRequest& request,
                   std::vector<std::string> notes, std::uint64_t until_us, Effects& out) {
  if (asker.is_nobody()) return true;
  notes.insert(notes.end(), order.warnings.begin(), order.warnings.end());
  out.push_back(Answer{asker, Accepted{order.op_id, order.seq, std::move(notes)}});
  for (const auto& [stage, told] : order.newest) out.push_back(Answer{asker, told});
  const Watcher watcher{order.op_id, asker, request.wait, request.never, until_us};
  const bool done = watcher.is_done(order);
  if (done || watchers_.size() >= kWatchersMax) {
    finish(order, watcher, out);
    return done;
  }
  watchers_.push_back(watcher);
  return true;
}

void Orders::tell(Order& order, Stage stage, Reply told, Effects& out) {
  for (const Watcher& watcher : watchers_) {
    if (watcher.op_id == order.op_id) out.push_back(Answer{watcher.asker, told});
  }
  order.newest[stage] = std::move(told);
}

void Orders::reach(Order& order, Stage stage, Reply told, Effects& out) {
  order.reached = static_cast<StageSet>(order.reached | bit(stage));
  tell(order, stage, std::move(told), out);
  std::erase_if(watchers_, [&](const Watcher& watcher) {
    if (watcher.op_id != order.op_id || !watcher.is_done(order)) return false;
    finish(order, watcher, out);
    return true;
  });
}

void Orders::finish(const Order& order, const Watcher& watcher, Effects& out) {
  out.push_back(Answer{watcher.asker, Ended{order.op_id, order.reached,
                                            static_cast<StageSet>(watcher.wait & ~order.reached)}});
}

void Orders::drop(const std::string& op_id, const schemas::Error& error, Effects& out) {
  std::erase_if(watchers_, [&](const Watcher& watcher) {
    if (watcher.op_id != op_id) return false;
    out.push_back(Answer{watcher.asker, Refused{error}});
    return true;
  });
  orders_.erase(op_id);
}

std::vector<Order*> Orders::expire(std::uint64_t now_us, Effects& out) {
  std::vector<Order*> given_up;
  std::erase_if(watchers_, [&](const Watcher& watcher) {
    if (now_us < watcher.until_us) return false;
    Order* order = find(watcher.op_id);
    if (order == nullptr) return true;
    finish(*order, watcher, out);
    if (!std::exchange(order->gave_up, true)) given_up.push_back(order);
    return true;
  });
  return given_up;
}

std::vector<std::string> Orders::forget_old(std::uint64_t now_us) {
  std::vector<std::string> gone;
  for (const auto& [op_id, order] : orders_) {
    const bool watched = std::any_of(watchers_.begin(), watchers_.end(),
                                     [&](const Watcher& w) { return w.op_id == order.op_id; });
    const bool needed = order.kind == schemas::RecordKind::kKill ? !order.has(Stage::kFenced)
                                                                 : !order.has(Stage::kOpened);
    if (!watched && !needed && now_us >= order.started_us + kOrderKept_us) gone.push_back(op_id);
  }
  for (const std::string& op_id : gone) orders_.erase(op_id);
  return gone;
}

}  // namespace estop::control
