// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/core/obedience_types.h"

#include <ostream>

namespace estop {

std::string_view name(StopCause cause) noexcept {
  switch (cause) {
    case StopCause::kKill:
      return "kill";
    case StopCause::kLostContact:
      return "lost-contact";
    case StopCause::kNotUnderstood:
      return "not-understood";
    case StopCause::kSessionEnded:
      return "session-ended";
  }
  return "unknown-cause";
}

std::ostream& operator<<(std::ostream& out, StopCause cause) {
  return out << name(cause);
}

namespace agent {
namespace {

struct Printer {
  std::ostream& out;

  void operator()(const RaiseStop& effect) const {
    out << "raise-stop " << effect.halt.cause;
    if (!effect.halt.latch.op_id.empty()) out << ' ' << effect.halt.latch.op_id;
  }
  void operator()(const LowerStop&) const { out << "lower-stop"; }
  void operator()(const CheckOrder& effect) const { out << "check-order " << effect.record.op_id; }
  void operator()(const StopWork& effect) const {
    out << "stop-work " << effect.drain << ' ' << effect.halt.cause;
  }
  void operator()(const StartWork& effect) const {
    out << "start-work life=" << effect.life << " incarnation=" << effect.incarnation;
  }
  void operator()(const RenewLease& effect) const {
    out << "renew-lease " << std::chrono::floor<std::chrono::milliseconds>(effect.until).count();
  }
  void operator()(const SendHello& effect) const { out << "send-hello " << effect.number; }
  void operator()(const SendBeat& effect) const {
    out << "send-beat " << effect.nonce << (effect.stopped ? " stopped" : "");
  }
  void operator()(const SendReceipt& effect) const {
    out << "send-receipt " << effect.receipt.op_id
        << (effect.receipt.grace_exceeded ? " overdue" : "");
  }
  void operator()(const PeerKilled& effect) const {
    out << "peer-killed " << effect.record.scope();
  }
  void operator()(const PeerResumed& effect) const {
    out << "peer-resumed " << effect.record.scope();
  }
  void operator()(const KeepCheckpoints& effect) const {
    out << "keep-checkpoints " << effect.checkpoints.size();
  }
  void operator()(const BecomeReady&) const { out << "become-ready"; }
  void operator()(const EndSession& effect) const { out << "end-session " << effect.error.code; }
  void operator()(const Reconnect& effect) const { out << "reconnect " << effect.unanswered; }
  void operator()(const Alarm& effect) const { out << "alarm " << effect.error.code; }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Effect& effect) {
  std::visit(Printer{out}, effect);
  return out;
}

}  // namespace agent
}  // namespace estop
