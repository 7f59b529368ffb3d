// SPDX-License-Identifier: Apache-2.0

// The end of a life's work, and what control is told of it, kill by kill.
//
// A receipt goes out when handlers and callback have ended. If they have not when the grace is
// over, one with grace_exceeded says so, and another follows when they have.
#pragma once

#include <cstdint>
#include <optional>

#include "agent-runtime/core/obedience_types.h"
#include "agent-runtime/core/own_kills.h"

namespace estop::agent {

class Receipts {
 public:
  std::uint64_t drain();  // work is being stopped: the number of that
  void on(const WorkStopped& event);
  void on(const HandlersEnded& event);
  void on(const CallbackReturned& event);
  void on(const ReceiptUnsent&) { unsent_ = true; }
  [[nodiscard]] bool has_called_back() const noexcept { return drain_.callback_returned; }

  void settle(OwnKills& kills, BootTime now, Effects& out);  // tells what is due
  // Those that were told, once more: the first may have been lost with the connection, or with
  // control.
  void resend(const OwnKills& kills, BootTime now, Effects& out) const;
  // The same, if the connection did not take one. While it stands nothing else would send it again;
  // an answer shows that it does.
  void resend_unsent(const OwnKills& kills, BootTime now, Effects& out);
  void tell(const OwnKill& kill, bool grace_exceeded, BootTime now, Effects& out) const;
  // When settle() has something to tell although nothing happens.
  [[nodiscard]] std::optional<BootTime> next_deadline(const OwnKills& kills) const;

 private:
  struct Drain {
    std::uint64_t number = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t dropped = 0;
    bool counted = true;  // WorkStopped has come
    bool handlers_ended = true;
    bool callback_returned = true;
  };
  [[nodiscard]] bool is_over() const;

  Drain drain_;
  bool unsent_ = false;  // over a connection that stands
};

}  // namespace estop::agent
