// SPDX-License-Identifier: Apache-2.0
#include "tests/attack/agent.h"

#include <fmt/format.h>

namespace estop::testing {

schemas::Hello some_hello() {
  schemas::Hello hello;
  hello.key = schemas::SigningKey::generate(schemas::KeyRole::kUser).public_key();
  hello.process = "process1";
  hello.host = "here";
  hello.runtime = "raw/1";
  return hello;
}

RawAgent::RawAgent(RawNats client, std::string address, std::string instance)
    : client_(std::move(client)), address_(std::move(address)), instance_(std::move(instance)) {
  int sid = 0;
  client_.subscribe("estop.inbox." + address_ + ".>", ++sid);
  client_.subscribe("estop.deliver." + address_ + ".>", ++sid, "agents");
  client_.subscribe("estop.control." + address_, ++sid);
  client_.subscribe("estop.control.all", ++sid);
}

std::string RawAgent::subject(const std::string& kind) const {
  return fmt::format("estop.{}.{}.{}", kind, address_, instance_);
}

std::string RawAgent::intent_subject() const {
  return fmt::format("{}.{}.email.send", subject("intent"), address_);
}

schemas::HelloReply RawAgent::hello() {
  const std::string reply = fmt::format("{}.rpc.hello{}", subject("inbox"), ++asked_);
  client_.publish(subject("hello"), encode(some_hello()).value(), reply);
  while (auto message = client_.next_message()) {
    if (message->subject == reply) {
      return schemas::decode<schemas::HelloReply>(message->data).value();
    }
    heard_.push_back(std::move(*message));
  }
  schemas::HelloReply none;
  none.code = schemas::Errc::kTimeout;
  return none;
}

std::string RawAgent::intent(std::uint64_t incarnation) {
  const std::string id = fmt::format("{}-{}", instance_, ++asked_);
  schemas::IntentHead head;
  head.id = id;
  head.incarnation = incarnation;
  return intent(head);
}

std::string RawAgent::intent(const schemas::IntentHead& head) {
  const std::string bytes = encode_intent(head).value();
  const std::string refused = fmt::format("{}.refused.{}", subject("inbox"), head.id);
  client_.publish(intent_subject(), bytes);
  while (auto message = client_.next_message()) {
    if (message->subject == refused) return "refused";
    if (message->subject.starts_with("estop.deliver.") && message->data == bytes) {
      return "delivered";
    }
    heard_.push_back(std::move(*message));
  }
  return "silence";
}

void RawAgent::settle() {
  (void)hello();
  (void)intent(0);
}

}  // namespace estop::testing
