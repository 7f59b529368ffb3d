// SPDX-License-Identifier: Apache-2.0

// The orders under way: which stages each has reached, and which operators watch it.
//
// An operator that asks again with the same op id becomes one more watcher and receives everything
// that happened so far.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "control/core/effects.h"
#include "control/core/log/log_entry.h"
#include "control/core/orders/command.h"

namespace estop::control {

// How long after its start an order is remembered, for operators who ask again.
inline constexpr std::uint64_t kOrderKept_us = 600'000'000;
inline constexpr std::size_t kWatchersMax = 1'024;

struct Order {
  std::string op_id{};
  schemas::RecordKind kind = schemas::RecordKind::kKill;
  schemas::Scope scope{};
  std::string actor{};
  schemas::Bytes frame{};
  std::uint64_t started_us = 0;
  std::uint64_t repeat_us = kRetry_us;  // after the start, to instances that have not confirmed
  StageSet reached = 0;
  bool gave_up = false;   // an operator's time ran out before the stages were reached
  std::uint64_t seq = 0;  // of its record; 0: not written yet
  std::vector<std::string> warnings{};
  std::map<Stage, Reply> newest{};  // the last news about a stage

  [[nodiscard]] bool has(Stage stage) const { return (reached & bit(stage)) != 0; }
};

// An order that waits for a second operator.
struct Proposal {
  schemas::Record draft{};
  std::uint64_t until_us = 0;
  bool has_order = false;  // the audit has the order that its operator signed
};
using Proposals = std::map<std::string, Proposal>;  // by op id

class Orders {
 public:
  Order& add(Order order);
  [[nodiscard]] Order* find(const std::string& op_id);
  [[nodiscard]] const Order* find(const std::string& op_id) const;
  // Tells the watcher what happened so far, after the `notes` that concern only him. A watcher ends
  // when his stages are reached (those in `never` cannot be) or at `until_us`. False: there are too
  // many watchers.
  bool watch(Order& order, const Asker& asker, const OrderRequest& request,
             std::vector<std::string> notes, std::uint64_t until_us, Effects& out);
  // News about a stage for all watchers.
  void tell(Order& order, Stage stage, Reply told, Effects& out);
  // The same, and the stage is reached; ends the watchers that waited for nothing else.
  void reach(Order& order, Stage stage, Reply told, Effects& out);
  // The order was refused: tells its watchers, and forgets it.
  void drop(const std::string& op_id, const schemas::Error& error, Effects& out);
  // Ends the watchers whose time is over. Returns the orders that were given up just now, for the
  // first time.
  std::vector<Order*> expire(std::uint64_t now_us, Effects& out);
  // Drops orders that nobody watches and that are old; returns their op ids.
  std::vector<std::string> forget_old(std::uint64_t now_us);
  [[nodiscard]] std::map<std::string, Order>& all() { return orders_; }

 private:
  struct Watcher {
    std::string op_id;
    Asker asker;
    StageSet wait = 0;
    StageSet never = 0;
    std::uint64_t until_us = 0;

    [[nodiscard]] bool is_done(const Order& order) const {
      return ((order.reached | never) & wait) == wait;
    }
  };
  static void finish(const Order& order, const Watcher& watcher, Effects& out);

  std::map<std::string, Order> orders_;
  std::vector<Watcher> watchers_;
};

}  // namespace estop::control
