// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/admission/admission.h"

#include <utility>

#include "broker-bridge/core/admission/refusal.h"
#include "schemas/codec.h"

namespace estop::bridge {

using schemas::Errc;
using schemas::IntentFlag;

namespace {

constexpr std::string_view kUnreadableId = "unknown";  // of an envelope that cannot be read

}  // namespace

const IntentOutcome& Admission::decide(std::string_view subject, std::string_view data, Nanos now) {
  const auto parts = subjects_.parse_intent(subject);
  if (!parts) return ignore();
  const auto head = schemas::decode_intent(data);
  if (!head) {
    return refuse(*parts, kUnreadableId, head.error().code, header_safe(head.error().detail));
  }
  const bool reply = has(head->flags, IntentFlag::kReply);
  if (has(head->flags, IntentFlag::kRequest) && head->reply_instance != parts->instance) {
    return refuse(*parts, head->id, Errc::kMalformed,
                  "a request's reply goes to the instance that asks");
  }
  verdict_ = gate_.decide(*parts, *head);
  if (verdict_.code != Errc::kOk) {
    if (verdict_.cause != nullptr || verdict_.code == Errc::kOldIncarnation) {
      ++counters_.refused_killed;
    }
    return refuse(*parts, head->id, verdict_.code, explain(verdict_, head->incarnation));
  }
  if (reply && !asked_.may_answer(*parts, *head, now)) {
    return refuse(*parts, head->id, Errc::kNotPermitted,
                  "the request was asked of another address");
  }
  if (gate_.must_not_pass(*parts, reply ? head->reply_instance : std::string_view{})) {
    ++counters_.after_fence;
    return refuse(*parts, head->id, Errc::kInternal, "the gate contradicts itself: nothing passes");
  }
  request_ = asked_.request(*parts, *head, now);
  outcome_.action = IntentOutcome::Action::kForward;
  outcome_.code = Errc::kOk;
  if (reply) {
    subjects_.reply(*parts, head->reply_instance, head->id, outcome_.subject);
  } else {
    subjects_.deliver(*parts, outcome_.subject);
  }
  return outcome_;
}

void Admission::forwarded() {
  ++counters_.forwarded;
  asked_.remember(request_);
  gate_.count_forward(verdict_);
}

const IntentOutcome& Admission::not_forwarded(std::string_view subject, std::string_view data,
                                              bool is_connected) {
  const auto parts = subjects_.parse_intent(subject);
  const auto head = schemas::decode_intent(data);
  if (!parts || !head) return ignore();
  if (is_connected) {
    return refuse(*parts, head->id, Errc::kOverLimit, "the broker does not take more now: retry");
  }
  return refuse(*parts, head->id, Errc::kNoContact, "the bridge is not connected to the broker");
}

const IntentOutcome& Admission::closed(std::string_view subject, std::string_view data,
                                       std::string_view why) {
  const auto parts = subjects_.parse_intent(subject);
  if (!parts) return ignore();
  const auto head = schemas::decode_intent(data);
  ++counters_.refused_closed;
  return refuse(*parts, head ? head->id : kUnreadableId, Errc::kNoContact,
                "the bridge is closed: " + header_safe(why));
}

// Not a subject of an intent: nobody could be told.
const IntentOutcome& Admission::ignore() {
  ++counters_.ignored;
  outcome_.action = IntentOutcome::Action::kIgnore;
  return outcome_;
}

const IntentOutcome& Admission::refuse(const schemas::IntentSubject& parts, std::string_view id,
                                       Errc code, std::string text) {
  ++counters_.refused;
  outcome_.action = IntentOutcome::Action::kRefuse;
  outcome_.code = code;
  outcome_.text = std::move(text);
  subjects_.inbox(parts.sender, parts.instance, schemas::kRefusedKind, id, outcome_.subject);
  return outcome_;
}

}  // namespace estop::bridge
