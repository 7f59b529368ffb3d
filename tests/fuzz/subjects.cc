// SPDX-License-Identifier: Apache-2.0

// Names and subjects: what is taken apart is built again the same, and a reply stays in its
// owner's inbox (H14, H15).
#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "schemas/subjects.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using schemas::Address;
using schemas::Instance;
using schemas::Scope;
using schemas::Segment;
using schemas::Subjects;

void built_again(bool same) {
  require(same, "a subject that is taken apart is built again the same");
}

void of_agents(const Subjects& subjects, std::string_view text) {
  std::string delivery;
  if (const auto parts = subjects.parse_intent(text)) {
    built_again(subjects
                    .intent(*Address::from_tokens(parts->sender), *Instance::parse(parts->instance),
                            *Address::from_tokens(parts->receiver),
                            *schemas::Action::parse(parts->action))
                    .str() == text);
    subjects.deliver(*parts, delivery);
    const auto delivered = subjects.parse_deliver(delivery);
    require(delivered && delivered->sender == parts->sender &&
                delivered->receiver == parts->receiver && delivered->action == parts->action,
            "a delivery names who is in the intent");
  }
  if (const auto parts = subjects.parse_deliver(text)) {
    subjects.deliver({parts->sender, {}, {}, parts->receiver, parts->action}, delivery);
    built_again(delivery == text);
  }
  if (const auto parts = subjects.parse_inbox(text)) {
    std::string inbox;
    if (parts->replier.empty()) {
      subjects.inbox(parts->address, parts->instance, parts->kind, parts->id, inbox);
    } else {
      subjects.reply({parts->replier, {}, {}, parts->address, {}}, parts->instance, parts->id,
                     inbox);
    }
    built_again(inbox == text);
  }
  if (const auto parts = subjects.parse_agent(text)) {
    const auto address = *Address::from_tokens(parts->address);
    const auto instance = *Instance::parse(parts->instance);
    built_again(subjects.hello(address, instance).str() == text ||
                subjects.beat(address, instance).str() == text ||
                subjects.checkpoint(address, instance).str() == text ||
                subjects.stopped(address, instance).str() == text);
  }
}

void of_control(const Subjects& subjects, std::string_view text) {
  if (const auto parts = subjects.parse_command(text)) {
    const auto verb = *Segment::parse(parts->verb);
    built_again(subjects.command(*Segment::parse(parts->actor), verb, parts->reach).str() == text);
  }
  if (const auto id = subjects.parse_receipt(text)) {
    built_again(subjects.receipt(*Segment::parse(*id)).str() == text);
  }
  if (const auto id = subjects.parse_bridge(text)) {
    built_again(subjects.bridge(*Segment::parse(*id)).str() == text);
  }
  if (const auto id = subjects.parse_read(text)) {
    built_again(subjects.read(*Segment::parse(*id)).str() == text);
  }
  if (const auto from = subjects.parse_emergency(text)) {
    built_again(subjects.emergency(*Segment::parse(from->actor), from->reach).str() == text);
  }
}

// Written anew, not called: the grammar of a reply that may be published to.
void reply(const Subjects& subjects, std::string_view text) {
  for (const std::string owner : {"acme.prod.mailer", "alice"}) {
    const auto honoured = subjects.honoured_reply(owner, text);
    if (!honoured) continue;
    require(honoured->str() == text && text.size() <= 255, "a reply is taken as it is");
    require(text.starts_with("estop.inbox." + owner + "."), "a reply is below its owner's inbox");
    require(text.find("..") == text.npos && !text.ends_with('.'), "a reply has no empty token");
    require(std::all_of(text.begin(), text.end(),
                        [](unsigned char c) {
                          return c < 0x80 &&
                                 (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_');
                        }),
            "a reply has no wildcard, no space and nothing else that the broker reads");
  }
}

void names(const Subjects& subjects, std::string_view text) {
  static const auto instance = *Instance::parse("aaaaaaaa");
  if (const auto address = Address::parse(text)) {
    require(address->text() == text, "an address has one spelling");
    require(*Address::from_tokens(address->tokens()) == *address, "tokens name the address");
    const auto subject = subjects.hello(*address, instance).str();
    require(std::count(subject.begin(), subject.end(), '.') == 5, "an address is three tokens");
  }
  if (const auto scope = Scope::parse(text)) {
    require(scope->text() == text, "a scope has one spelling");
    require(scope->covers(*scope) && Scope::fleet().covers(*scope), "a scope covers itself");
    require(scope->covers(Scope::fleet()) == (text == "*"), "only the fleet covers the fleet");
  }
  if (const auto segment = Segment::parse(text)) require(segment->text() == text, "as it was");
  if (const auto action = schemas::Action::parse(text)) {
    require(action->text() == text, "an action has one spelling");
  }
}

}  // namespace

void subjects(std::string_view input) {
  static const auto standard = Subjects::standard();
  of_agents(standard, input);
  of_control(standard, input);
  reply(standard, input);
  names(standard, input);
}

}  // namespace estop::fuzz
