// SPDX-License-Identifier: Apache-2.0

// The hot path of bridge_core.h: one intent in, one outcome out, no allocation for what passes.
#include <algorithm>
#include <utility>

#include "broker-bridge/core/bridge_core.h"
#include "broker-bridge/core/refusal.h"
#include "schemas/codec.h"

namespace estop::bridge {

using schemas::Errc;
using schemas::IntentFlag;

namespace {

constexpr std::string_view kUnreadableId = "unknown";  // of an envelope that cannot be read

}  // namespace

const IntentOutcome& BridgeCore::on_intent(std::string_view subject, std::string_view data,
                                           Nanos now) {
  const auto parts = options_.subjects.parse_intent(subject);
  if (!parts) {
    ++counters_.ignored;
    outcome_.action = IntentOutcome::Action::kIgnore;
    return outcome_;
  }
  const auto head = schemas::decode_intent(data);
  if (!is_open(now)) {
    ++counters_.refused_closed;
    refuse(
        *parts, head ? head->id : kUnreadableId, Errc::kNoContact,
        "the bridge is closed: " + (reason_.empty() ? "its lease is over" : header_safe(reason_)));
    return outcome_;
  }
  if (!head) {
    refuse(*parts, kUnreadableId, head.error().code, header_safe(head.error().detail));
    return outcome_;
  }
  const bool reply = has(head->flags, IntentFlag::kReply);
  if (has(head->flags, IntentFlag::kRequest) && head->reply_instance != parts->instance) {
    refuse(*parts, head->id, Errc::kMalformed, "a request's reply goes to the instance that asks");
    return outcome_;
  }
  verdict_ = gate_.decide(*parts, *head);
  if (verdict_.code != Errc::kOk) {
    if (verdict_.cause != nullptr || verdict_.code == Errc::kOldIncarnation)
      ++counters_.refused_killed;
    refuse(*parts, head->id, verdict_.code, explain(verdict_, head->incarnation));
    return outcome_;
  }
  if (reply && !asked_.may_answer(*parts, *head, now)) {
    refuse(*parts, head->id, Errc::kNotPermitted, "the request was asked of another address");
    return outcome_;
  }
  if (gate_.must_not_pass(*parts, reply ? head->reply_instance : std::string_view{})) {
    ++counters_.after_fence;
    refuse(*parts, head->id, Errc::kInternal, "the gate contradicts itself: nothing passes");
    return outcome_;
  }
  request_ = asked_.request(*parts, *head, now);
  outcome_.action = IntentOutcome::Action::kForward;
  outcome_.code = Errc::kOk;
  if (reply) {
    options_.subjects.reply(*parts, head->reply_instance, head->id, outcome_.subject);
  } else {
    options_.subjects.deliver(*parts, outcome_.subject);
  }
  return outcome_;
}

void BridgeCore::forwarded() {
  ++counters_.forwarded;
  has_forwarded_ = true;
  asked_.remember(request_);
  gate_.count_forward(verdict_);
}

const IntentOutcome& BridgeCore::not_forwarded(std::string_view subject, std::string_view data) {
  const auto parts = options_.subjects.parse_intent(subject);
  const auto head = schemas::decode_intent(data);
  outcome_.action = IntentOutcome::Action::kIgnore;
  if (!parts || !head) return outcome_;
  if (connected_[0]) {
    refuse(*parts, head->id, Errc::kOverLimit, "the broker does not take more now: retry");
  } else {
    refuse(*parts, head->id, Errc::kNoContact, "the bridge is not connected to the broker");
  }
  return outcome_;
}

void BridgeCore::refuse(const schemas::IntentSubject& parts, std::string_view id, Errc code,
                        std::string text) {
  ++counters_.refused;
  outcome_.action = IntentOutcome::Action::kRefuse;
  outcome_.code = code;
  outcome_.text = std::move(text);
  options_.subjects.inbox(parts.sender, parts.instance, schemas::kRefusedKind, id,
                          outcome_.subject);
}

}  // namespace estop::bridge
