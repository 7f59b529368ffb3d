// SPDX-License-Identifier: Apache-2.0

// The end of a life's work, and the receipts to control about it, one for each kill.
//
// A receipt goes out when handlers and callback have ended. If they have not ended when the grace
// is over, a receipt with grace_exceeded goes out, and another one follows when they have.
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
  // Sends the receipts again that were sent before: the first may have been lost with the
  // connection, or with control.
  void resend(const OwnKills& kills, BootTime now, Effects& out) const;
  // The same, if the connection did not take one. While the connection stands, nothing else would
  // send it again; an answer shows that it stands.
  void resend_unsent(const OwnKills& kills, BootTime now, Effects& out);
  void tell(const OwnKill& kill, bool grace_exceeded, BootTime now, Effects& out) const;
  // When settle() has a receipt to send without another event.
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
