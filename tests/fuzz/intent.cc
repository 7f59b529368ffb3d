// SPDX-License-Identifier: Apache-2.0

// The hot path of a bridge: envelope, subject, gate (H14, H16, H17).
#include <algorithm>
#include <array>
#include <cstdint>
#include <msgpack.hpp>
#include <string_view>

#include "broker-bridge/core/admission/gate.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using bridge::Gate;
using schemas::Address;
using schemas::Errc;
using schemas::IntentHead;
using schemas::IntentSubject;
using schemas::Scope;

constexpr std::array kKilled{"acme/prod/mailer", "acme/test/*", "acme/prod/writer@aaaaaaaa"};

std::string_view text_of(const msgpack::object& field) {
  require(field.type == msgpack::type::STR, "another reader sees text where the bridge does");
  return {field.via.str.ptr, field.via.str.size};
}

std::uint64_t number_of(const msgpack::object& field) {
  require(field.type == msgpack::type::POSITIVE_INTEGER, "another reader sees the number");
  return field.via.u64;
}

// Two readers of one message must not disagree: msgpack-c is what many receivers use.
void read_by_another(std::string_view bytes, const IntentHead& head) {
  const auto handle = msgpack::unpack(bytes.data(), bytes.size());
  const auto& fields = handle->via.array;
  require(handle->type == msgpack::type::ARRAY && fields.size >= 7, "another reader sees an array");
  require(text_of(fields.ptr[1]) == head.id, "another reader sees the same id");
  require(number_of(fields.ptr[2]) == head.incarnation, "another reader: the same incarnation");
  require(number_of(fields.ptr[3]) == head.ttl_ms, "another reader sees the same ttl");
  require(text_of(fields.ptr[4]) == head.trace, "another reader sees the same trace");
  require(number_of(fields.ptr[5]) == head.flags, "another reader sees the same flags");
  const auto& payload = fields.ptr[6];
  require(payload.type == msgpack::type::BIN &&
              std::string_view(payload.via.bin.ptr, payload.via.bin.size) == head.payload,
          "another reader sees the same payload");
  if (fields.size == 8) {
    require(text_of(fields.ptr[7]) == head.reply_instance, "another reader: the same instance");
  }
}

bool killed(std::string_view tokens, std::string_view instance) {
  const auto address = *Address::from_tokens(tokens);
  for (const char* text : kKilled) {
    const auto scope = *Scope::parse(text);
    if (scope.covers(address) || (!instance.empty() && scope.covers(address, instance))) {
      return true;
    }
  }
  return false;
}

void pass_the_gate(const IntentSubject& parts, const IntentHead& head) {
  Gate gate({});
  for (const char* text : kKilled) {
    schemas::Record kill;
    kill.kill().scope = *Scope::parse(text);
    kill.op_id = kill.scope().tokens();
    gate.kill(kill);
  }
  const bool is_reply = has(head.flags, schemas::IntentFlag::kReply);
  const std::string_view to = is_reply ? head.reply_instance : std::string_view{};
  const auto verdict = gate.decide(parts, head);
  const bool sender = killed(parts.sender, parts.instance);
  require((verdict.code == Errc::kSenderKilled) == sender, "a killed sender is refused");
  require((verdict.code == Errc::kReceiverKilled) == (!sender && killed(parts.receiver, to)),
          "a killed receiver is refused");
  require(gate.must_not_pass(parts, to) == (sender || killed(parts.receiver, to)),
          "the second opinion is the first");
}

}  // namespace

void intent(std::string_view input) {
  static const auto subjects = schemas::Subjects::standard();
  const auto line = std::min(input.find('\n'), input.size());
  const auto bytes = input.substr(std::min(line + 1, input.size()));
  const auto head = schemas::decode_intent(bytes);
  if (!head) return;
  require(schemas::encode_intent(*head).value() == bytes, "an intent has one encoding");
  require(schemas::check_bounds(bytes).has_value(), "an intent is within the bounds");
  read_by_another(bytes, *head);
  if (const auto parts = subjects.parse_intent(input.substr(0, line))) pass_the_gate(*parts, *head);
}

}  // namespace estop::fuzz
