// SPDX-License-Identifier: Apache-2.0

// Passes events to obedience, and performs its effects. On the I/O thread only.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "agent-runtime/core/obedience.h"
#include "agent-runtime/src/callbacks.h"
#include "agent-runtime/src/identity.h"
#include "agent-runtime/src/intents.h"
#include "agent-runtime/src/link.h"
#include "agent-runtime/src/standing.h"
#include "agent-runtime/src/stop_calls.h"
#include "agent-runtime/src/store.h"
#include "agent-runtime/src/tally.h"

namespace estop::agent {

class Performer {
 public:
  // What it works on, and what outlives it.
  struct Parts {
    const AgentOptions& options;
    const Keys& keys;
    Link& link;
    Standing& standing;
    Intents& intents;
    Store& store;
    Callbacks& callbacks;
    StopCalls& stop_calls;
    Tally& tally;
  };
  explicit Performer(const Parts& parts);

  void happen(Event event);
  void hear(const nats::MessageView& view);  // on one of the two control subjects
  [[nodiscard]] schemas::Hello hello(bool goodbye) const;

 private:
  void perform(const RaiseStop& effect);
  void perform(const LowerStop&);
  void perform(const CheckOrder& effect);
  void perform(const StopWork& effect);
  void perform(const StartWork& effect);
  void perform(const RenewLease& effect);
  void perform(const SendHello& effect);
  void perform(const SendBeat& effect);
  void perform(const SendReceipt& effect);
  void perform(const PeerKilled& effect);
  void perform(const PeerResumed& effect);
  void perform(const KeepCheckpoints& effect);
  void perform(const BecomeReady&);
  void perform(const EndSession& effect);
  void perform(const Reconnect& effect);
  void perform(const Alarm& effect);
  [[nodiscard]] StopOrder order_of(const Halt& halt) const;
  void unsent(const std::string& what, const Error& why);  // counts and alarms

  const Parts to_;
  Obedience obedience_;
  std::deque<Event> events_;
  bool happening_ = false;
  bool ready_ = false;
  std::optional<schemas::SignedRecord> seen_;  // the frame of the order being looked at
};

}  // namespace estop::agent
