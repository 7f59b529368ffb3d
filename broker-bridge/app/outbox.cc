// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/outbox.h"

#include <fmt/format.h>

#include "broker-bridge/daemon/log.h"
#include "schemas/codec.h"

namespace estop::bridge {

namespace {

// Control would not read it: nothing is sent, and its lease or fence waits for what is missing.
void unwritable(std::string_view what, const schemas::Error& error) {
  daemon::log_error("alarm", {{"text", fmt::format("no {} was sent: {}", what, to_string(error))}});
}

}  // namespace

void Outbox::send(const schemas::BridgeBeat& beat) {
  const auto bytes = encode(beat);
  if (!bytes) return unwritable("beat", bytes.error());
  const bool sent = control_.publish(identity_.subjects.bridge(identity_.id), *bytes);
  if (!sent) unsent(BridgeMessage::kBeat);  // the next one is due before the lease is over
  control_.flush();
}

bool Outbox::send(const SendReceipt& owed) {
  schemas::BridgeReceipt receipt = owed.receipt;
  receipt.latched_in_us = static_cast<std::uint64_t>((loop_.now() - owed.read_at) / 1000);
  const auto bytes = schemas::sign_receipt(receipt, identity_.own_key);
  if (!bytes) {
    unwritable("receipt", bytes.error());
    return true;  // nor could it be written later
  }
  if (!agents_.publish(identity_.subjects.receipt(identity_.id), *bytes)) {
    unsent(BridgeMessage::kReceipt);
    return false;
  }
  agents_.flush();
  if (receipt.kind == schemas::RecordKind::kKill) {
    metrics_.kill_latched(static_cast<double>(loop_.now() - owed.read_at) / 1e9);
  }
  return true;
}

void Outbox::send(const TellLatched& tell) {
  const std::string text =
      fmt::format(R"({{"stage":"latched","op_id":"{}","bridge":"{}","forwarded_before":{}}})",
                  tell.op_id, identity_.id.text(), tell.forwarded_before);
  const bool sent = control_.publish(identity_.subjects.latched(tell.actor, identity_.id), text);
  if (!sent) unsent(BridgeMessage::kLatched);
}

void Outbox::refuse(const IntentOutcome& outcome) {
  metrics_.refused(outcome.code);
  refusal_[0].second = std::to_string(schemas::status(outcome.code));
  refusal_[1].second = outcome.text;
  refusal_[2].second = std::to_string(static_cast<unsigned>(outcome.code));
  if (!agents_.publish_built(outcome.subject, {}, refusal_)) unsent(BridgeMessage::kRefusal);
}

// The same line is logged once a minute, with the count of the others.
void Outbox::unsent(BridgeMessage what) {
  metrics_.unsent(what);
  daemon::log_warn("not-sent", {{"what", name(what)},
                                {"agents_connected", agents_.is_connected()},
                                {"control_connected", control_.is_connected()}});
}

}  // namespace estop::bridge
