// SPDX-License-Identifier: Apache-2.0

// What the fake hears from agents and says to them.
#include "schemas/codec.h"
#include "tests/integration/runtime/fake_control.h"

namespace estop::testing {

using schemas::Address;
using schemas::EffectState;
using schemas::Errc;
using schemas::StoreOp;

std::vector<schemas::Latch> FakeControl::latches_of(std::string_view address,
                                                    std::string_view instance) const {
  std::vector<schemas::Latch> found;
  for (const auto& [op_id, latch] : latches_) {
    if (latch.scope.covers(*Address::from_tokens(address), instance)) found.push_back(latch);
  }
  return found;
}

void FakeControl::answer(const nats::MessageView& view, const schemas::Bytes& bytes) {
  const auto from = subjects_.parse_agent(view.subject);
  const auto reply = subjects_.honoured_reply(from->address, view.reply);
  if (reply) (void)connection_->publish(*reply, bytes);
}

void FakeControl::on_hello(const nats::MessageView& view) {
  const auto from = subjects_.parse_agent(view.subject);
  const auto hello = schemas::decode<schemas::Hello>(view.data);
  if (!from || !hello) return;
  hellos_.push_back(*hello);
  keys_[std::string(from->address) + '.' + std::string(from->instance)] = hello->key;
  if (hello->goodbye) return;
  schemas::HelloReply reply;
  reply.incarnation = incarnation_;
  reply.beat_ms = beat_ms_;
  reply.lease_ms = lease_ms_;
  reply.latches = latches_of(from->address, from->instance);
  for (const auto& [key, one] : stored_) {
    if (one.version > 0) reply.checkpoints.push_back({key, one.version, one.bytes.size()});
  }
  answer(view, schemas::encode(reply));
}

void FakeControl::on_beat(const nats::MessageView& view) {
  const auto from = subjects_.parse_agent(view.subject);
  const auto beat = schemas::decode<schemas::Beat>(view.data);
  if (!from || !beat) return;
  beat_ = *beat;
  answer(view, schemas::encode(schemas::BeatReply{beat->nonce, Errc::kOk, incarnation_,
                                                  latches_of(from->address, from->instance)}));
}

void FakeControl::on_store(const nats::MessageView& view) {
  const auto request = schemas::decode<schemas::StoreRequest>(view.data);
  if (!request) return;
  const auto bytes = schemas::encode(store(*request));
  if (store_delay_.count() == 0) return answer(view, bytes);
  answer_later(view, bytes);
}

schemas::StoreReply FakeControl::store(const schemas::StoreRequest& request) {
  schemas::StoreReply reply;
  if (request.incarnation < incarnation_) {
    reply.code = Errc::kOldIncarnation;
    return reply;
  }
  const bool effect = request.op != StoreOp::kPut && request.op != StoreOp::kGet;
  Stored& one = stored_[(effect ? "effect " : "") + request.key];
  reply.version = one.version;
  reply.effect = one.effect;
  reply.bytes = one.bytes;
  if (request.op == StoreOp::kGet && one.version == 0) reply.code = Errc::kNotFound;
  if (request.op == StoreOp::kPut) {
    if (request.expected_version != one.version) {
      reply.code = Errc::kVersionConflict;
      return reply;
    }
    one.bytes = request.bytes;
    reply.version = ++one.version;
  }
  if (request.op == StoreOp::kEffectBegin && one.effect == EffectState::kNone) {
    one.effect = EffectState::kBegun;
  }
  if (request.op == StoreOp::kEffectFinish) {
    one.effect = EffectState::kFinished;
    one.bytes = request.bytes;
  }
  if (request.op == StoreOp::kEffectAbandon) one.effect = EffectState::kNone;
  return reply;
}

void FakeControl::on_stopped(const nats::MessageView& view) {
  const auto from = subjects_.parse_agent(view.subject);
  const auto known = keys_.find(std::string(from->address) + '.' + std::string(from->instance));
  if (known == keys_.end() || !schemas::verify_stopped(view.data, known->second)) return;
  receipts_.push_back(*schemas::read_stopped(view.data));
}

void FakeControl::on_intent(const nats::MessageView& view) {
  const auto parts = subjects_.parse_intent(view.subject);
  const auto head = schemas::decode_intent(view.data);
  if (!parts || !head) return;
  if (!gate_open_) {
    if (!latches_of(parts->sender, parts->instance).empty()) {
      return refuse(*parts, head->id, Errc::kSenderKilled);
    }
    if (!latches_of(parts->receiver, "").empty()) {
      return refuse(*parts, head->id, Errc::kReceiverKilled);
    }
    if (head->incarnation < incarnation_) {
      return refuse(*parts, head->id, Errc::kOldIncarnation);
    }
  }
  ++passed_;
  last_passed_ = head->id;
  std::string subject;
  if (has(head->flags, schemas::IntentFlag::kReply)) {
    subjects_.reply(*parts, head->reply_instance, head->id, subject);
  } else {
    subjects_.deliver(*parts, subject);
  }
  (void)connection_->publish_built(subject, view.data);
}

void FakeControl::refuse(const schemas::IntentSubject& parts, std::string_view id, Errc code) {
  ++refused_;
  std::string subject;
  subjects_.inbox(parts.sender, parts.instance, "refused", id, subject);
  const auto number = std::to_string(static_cast<int>(code));
  (void)connection_->publish_built(
      subject, "",
      {{"Nats-Service-Error-Code", std::to_string(schemas::status(code))},
       {"Nats-Service-Error", "killed by alice: broken unsubscribe link"},
       {"Estop-Error", number}});
}

}  // namespace estop::testing
