// SPDX-License-Identifier: Apache-2.0
#include "control/app/heard.h"

#include <utility>

#include "control/app/reply_to.h"
#include "control/json/commands.h"
#include "schemas/codec.h"
#include "schemas/order.h"

namespace estop::control {

using nats::MessageView;
using schemas::Subjects;

namespace {

// Who speaks on one of the agents' subjects, and where the answer may go.
struct Speaker {
  schemas::Address address;
  schemas::Instance instance;
  Asker asker;
};

std::optional<Speaker> speaker_of(const Subjects& subjects, const MessageView& message) {
  const auto parts = subjects.parse_agent(message.subject);
  if (!parts) return std::nullopt;
  auto address = schemas::Address::from_tokens(parts->address);
  auto instance = schemas::Instance::parse(parts->instance);
  if (!address || !instance) return std::nullopt;
  const auto reply = subjects.honoured_reply(parts->address, message.reply);
  return Speaker{std::move(*address), std::move(*instance),
                 asker_of({reply.value_or(schemas::Subject{}), schemas::Form::kMsgpack})};
}

}  // namespace

namespace {

CommandReceived read_command(const schemas::CommandSubject& parts, std::string_view data,
                             std::string fresh_op_id, Asker asker) {
  std::string actor(parts.actor);
  std::string verb(parts.verb);
  auto text = data.empty() ? schemas::Result<schemas::JsonText>() : schemas::to_json(data);
  if (text) {
    return command_of(std::move(actor), std::move(verb), std::move(text->json),
                      std::move(fresh_op_id), std::move(asker));
  }
  CommandReceived command;
  command.actor = std::move(actor);
  command.verb = std::move(verb);
  command.asker = std::move(asker);
  command.unreadable = std::move(text.error());
  return command;
}

}  // namespace

Heard heard_command(const Subjects& subjects, const MessageView& message, std::string fresh_op_id) {
  const auto parts = subjects.parse_command(message.subject);
  if (!parts) return std::nullopt;
  ReplyTo reply{subjects.honoured_reply(parts->actor, message.reply).value_or(schemas::Subject{})};
  if (!message.data.empty()) reply.form = schemas::form_of(message.data);
  CommandReceived command =
      read_command(*parts, message.data, std::move(fresh_op_id), asker_of(reply));
  command.reach = parts->reach;
  return command;
}

Heard heard_emergency(const Subjects& subjects, const MessageView& message) {
  const auto actor = subjects.parse_emergency(message.subject);
  auto order = schemas::open_order(message.data);
  if (!actor || !order) return std::nullopt;
  return EmergencyReceived{std::string(actor->actor), actor->reach, std::move(*order)};
}

Heard heard_bridge_beat(const Subjects& subjects, const MessageView& message) {
  const auto id = subjects.parse_bridge(message.subject);
  auto beat = schemas::decode<schemas::BridgeBeat>(message.data);
  if (!id || !beat) return std::nullopt;
  return BridgeBeatReceived{std::string(*id), std::move(*beat)};
}

Heard heard_receipt(const Subjects& subjects, const MessageView& message) {
  const auto id = subjects.parse_receipt(message.subject);
  auto receipt = schemas::read_receipt(message.data);
  if (!id || !receipt || receipt->bridge != *id) return std::nullopt;
  return BridgeReceiptReceived{std::string(*id), std::move(*receipt), schemas::Bytes(message.data)};
}

Heard heard_hello(const Subjects& subjects, const MessageView& message) {
  auto who = speaker_of(subjects, message);
  auto hello = schemas::decode<schemas::Hello>(message.data);
  if (!who) return std::nullopt;
  HelloReceived heard{std::move(who->address), std::move(who->instance), {}, std::move(who->asker)};
  if (hello) heard.hello = std::move(*hello);
  if (!hello) heard.unreadable = std::move(hello.error());
  return heard;
}

Heard heard_beat(const Subjects& subjects, const MessageView& message) {
  auto who = speaker_of(subjects, message);
  auto beat = schemas::decode<schemas::Beat>(message.data);
  if (!who || !beat) return std::nullopt;
  return BeatReceived{std::move(who->address), std::move(who->instance), *beat,
                      std::move(who->asker)};
}

Heard heard_stopped(const Subjects& subjects, const MessageView& message) {
  auto who = speaker_of(subjects, message);
  auto receipt = schemas::read_stopped(message.data);
  if (!who || !receipt) return std::nullopt;
  return StoppedReceived{std::move(who->address), std::move(who->instance), std::move(*receipt),
                         schemas::Bytes(message.data)};
}

Heard heard_store(const Subjects& subjects, const MessageView& message) {
  auto who = speaker_of(subjects, message);
  auto request = schemas::decode<schemas::StoreRequest>(message.data);
  if (!who) return std::nullopt;
  StoreRequested heard{
      std::move(who->address), std::move(who->instance), {}, std::move(who->asker)};
  if (request) heard.request = std::move(*request);
  if (!request) heard.unreadable = std::move(request.error());
  return heard;
}

void listen(nats::Connection& control, nats::Connection& agents, const Subjects& subjects,
            const std::function<std::string()>& fresh_op_id,
            const std::function<void(const Heard&)>& tell) {
  const auto on = [&](nats::Connection& connection, const schemas::Subject& pattern,
                      Heard (*decode)(const Subjects&, const MessageView&)) {
    connection.subscribe(
        pattern, [&subjects, decode, tell](const MessageView& m) { tell(decode(subjects, m)); });
  };
  for (const auto& pattern : {subjects.emergencies(), subjects.reaching_emergencies()}) {
    on(control, pattern, heard_emergency);
  }
  for (const auto& pattern : {subjects.commands(), subjects.reaching_commands()}) {
    control.subscribe(pattern, [&subjects, fresh_op_id, tell](const MessageView& m) {
      tell(heard_command(subjects, m, fresh_op_id()));
    });
  }
  on(agents, subjects.receipts(), heard_receipt);
  on(control, subjects.bridges(), heard_bridge_beat);
}

}  // namespace estop::control
