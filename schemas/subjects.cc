// SPDX-License-Identifier: Apache-2.0

// The building half of schemas/subjects.h.
#include "schemas/subjects.h"

#include <fmt/format.h>

namespace estop::schemas {
namespace {

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// The letters of an nkey's text.
bool is_base32(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return !text.empty() && text.find_first_not_of(kLetters) == std::string_view::npos;
}

// What a subject ends in that reaches a part of the fleet.
std::string behind(const Scope& reach) {
  return reach.tokens().empty() ? std::string() : "." + reach.tokens();
}

}  // namespace

Subjects Subjects::standard() {
  return Subjects(*Segment::parse("estop"));
}

// --- Intents ---

Subject IntentSubjects::intent(const Address& from, const Instance& instance, const Address& to,
                               const Action& action) const {
  return made(fmt::format("{}.intent.{}.{}.{}.{}", prefix_.text(), from.tokens(), instance.text(),
                          to.tokens(), action.text()));
}
Subject IntentSubjects::intents() const {
  return made(prefix_.text() + ".intent.>");
}
Subject IntentSubjects::intents_of(const Address& from) const {
  return made(fmt::format("{}.intent.{}.>", prefix_.text(), from.tokens()));
}

void IntentSubjects::deliver(const IntentSubject& parts, std::string& out) const {
  out.assign(prefix_.text()).append(".deliver.").append(parts.receiver).append(1, '.');
  out.append(parts.sender).append(1, '.').append(parts.action);
}
Subject IntentSubjects::deliveries_to(const Address& to) const {
  return made(fmt::format("{}.deliver.{}.>", prefix_.text(), to.tokens()));
}
Subject IntentSubjects::deliveries() const {
  return made(prefix_.text() + ".deliver.>");
}

// --- Inboxes ---

Subject IntentSubjects::inbox(const Address& to, const Instance& instance, const Segment& kind,
                              const Segment& id) const {
  std::string out;
  inbox(to.tokens(), instance.text(), kind.text(), id.text(), out);
  return made(std::move(out));
}
void IntentSubjects::inbox(std::string_view address, std::string_view instance,
                           std::string_view kind, std::string_view id, std::string& out) const {
  out.assign(prefix_.text()).append(".inbox.").append(address).append(1, '.').append(instance);
  out.append(1, '.').append(kind).append(1, '.').append(id);
}
void IntentSubjects::reply(const IntentSubject& reply, std::string_view instance,
                           std::string_view id, std::string& out) const {
  inbox(reply.receiver, instance, kReplyKind, id, out);
  out.append(1, '.').append(reply.sender);
}
Subject IntentSubjects::inbox_of(const Address& to, const Instance& instance) const {
  return made(fmt::format("{}.inbox.{}.{}.>", prefix_.text(), to.tokens(), instance.text()));
}
Subject IntentSubjects::inboxes_of(const Address& to) const {
  return made(fmt::format("{}.inbox.{}.>", prefix_.text(), to.tokens()));
}
Subject IntentSubjects::inboxes() const {
  return made(prefix_.text() + ".inbox.>");
}

// --- Agents and control ---

Subject AgentSubjects::hello(const Address& from, const Instance& instance) const {
  return made(fmt::format("{}.hello.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject AgentSubjects::beat(const Address& from, const Instance& instance) const {
  return made(fmt::format("{}.beat.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject AgentSubjects::checkpoint(const Address& from, const Instance& instance) const {
  return made(fmt::format("{}.checkpoint.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject AgentSubjects::stopped(const Address& from, const Instance& instance) const {
  return made(fmt::format("{}.stopped.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject AgentSubjects::hellos() const {
  return made(prefix_.text() + ".hello.>");
}
Subject AgentSubjects::beats() const {
  return made(prefix_.text() + ".beat.>");
}
Subject AgentSubjects::checkpoints() const {
  return made(prefix_.text() + ".checkpoint.>");
}
Subject AgentSubjects::stoppeds() const {
  return made(prefix_.text() + ".stopped.>");
}
Subject AgentSubjects::works() const {
  return made(prefix_.text() + ".work.>");
}
Subject AgentSubjects::hellos_of(const Address& from) const {
  return made(fmt::format("{}.hello.{}.>", prefix_.text(), from.tokens()));
}
Subject AgentSubjects::beats_of(const Address& from) const {
  return made(fmt::format("{}.beat.{}.>", prefix_.text(), from.tokens()));
}
Subject AgentSubjects::checkpoints_of(const Address& from) const {
  return made(fmt::format("{}.checkpoint.{}.>", prefix_.text(), from.tokens()));
}
Subject AgentSubjects::stoppeds_of(const Address& from) const {
  return made(fmt::format("{}.stopped.{}.>", prefix_.text(), from.tokens()));
}
Subject AgentSubjects::works_of(const Address& from) const {
  return made(fmt::format("{}.work.{}.>", prefix_.text(), from.tokens()));
}

Subject AgentSubjects::control_of(const Address& agent) const {
  return made(fmt::format("{}.control.{}", prefix_.text(), agent.tokens()));
}
Subject AgentSubjects::control_all() const {
  return made(prefix_.text() + ".control.all");
}
Subject AgentSubjects::controls() const {
  return made(prefix_.text() + ".control.>");
}

Subject BridgeSubjects::receipt(const Segment& bridge) const {
  return made(fmt::format("{}.receipt.{}", prefix_.text(), bridge.text()));
}
Subject BridgeSubjects::receipts() const {
  return made(prefix_.text() + ".receipt.*");
}

// --- CONTROL account ---

Subject OperatorSubjects::command(const Segment& actor, const Segment& verb,
                                  const Scope& reach) const {
  return made(
      fmt::format("{}.command.{}.{}{}", prefix_.text(), actor.text(), verb.text(), behind(reach)));
}
Subject OperatorSubjects::commands_of(const Segment& actor) const {
  return made(fmt::format("{}.command.{}.>", prefix_.text(), actor.text()));
}
Subject OperatorSubjects::commands() const {
  return made(prefix_.text() + ".command.*.*");
}
Subject OperatorSubjects::reaching_commands() const {
  return made(prefix_.text() + ".command.*.*.>");
}

Subject OperatorSubjects::emergency(const Segment& actor, const Scope& reach) const {
  return made(fmt::format("{}.emergency.{}{}", prefix_.text(), actor.text(), behind(reach)));
}
Subject OperatorSubjects::emergencies() const {
  return made(prefix_.text() + ".emergency.*");
}
Subject OperatorSubjects::reaching_emergencies() const {
  return made(prefix_.text() + ".emergency.*.>");
}
Subject OperatorSubjects::latched(const Segment& actor, const Segment& bridge) const {
  return made(fmt::format("{}.inbox.{}.latched.{}", prefix_.text(), actor.text(), bridge.text()));
}
Subject OperatorSubjects::latched_by(const Segment& bridge) const {
  return made(fmt::format("{}.inbox.*.latched.{}", prefix_.text(), bridge.text()));
}
Subject OperatorSubjects::latched_of(const Segment& actor) const {
  return made(fmt::format("{}.inbox.{}.latched.*", prefix_.text(), actor.text()));
}
Subject OperatorSubjects::audits() const {
  return made(prefix_.text() + ".audit.>");
}
Subject OperatorSubjects::stores() const {
  return made(prefix_.text() + ".store.>");
}
Subject BridgeSubjects::log() const {
  return made(prefix_.text() + ".log");
}
Subject BridgeSubjects::lease() const {
  return made(prefix_.text() + ".lease");
}
Subject BridgeSubjects::bridge(const Segment& id) const {
  return made(fmt::format("{}.bridge.{}", prefix_.text(), id.text()));
}
Subject BridgeSubjects::bridges() const {
  return made(prefix_.text() + ".bridge.*");
}
Subject BridgeSubjects::read(const Segment& bridge) const {
  return made(fmt::format("{}.read.{}", prefix_.text(), bridge.text()));
}
Subject BridgeSubjects::reads() const {
  return made(prefix_.text() + ".read.*");
}
Subject OperatorSubjects::event(const Segment& kind) const {
  return made(fmt::format("{}.event.{}", prefix_.text(), kind.text()));
}
Subject OperatorSubjects::events() const {
  return made(prefix_.text() + ".event.>");
}

Subject OperatorSubjects::own_inbox(const Segment& owner) const {
  return made(fmt::format("{}.inbox.{}.>", prefix_.text(), owner.text()));
}
Subject OperatorSubjects::own_inbox(const Segment& owner, const Segment& id) const {
  return made(fmt::format("{}.inbox.{}.{}", prefix_.text(), owner.text(), id.text()));
}

// --- JetStream ---

Segment BrokerSubjects::control_stream() {
  return *Segment::parse("control");
}
Subject BrokerSubjects::js_stream_create(const Segment& stream) {
  return made("$JS.API.STREAM.CREATE." + upper(stream.text()));
}
Subject BrokerSubjects::js_stream_info(const Segment& stream) {
  return made("$JS.API.STREAM.INFO." + upper(stream.text()));
}
Subject BrokerSubjects::js_stream_purge(const Segment& stream) {
  return made("$JS.API.STREAM.PURGE." + upper(stream.text()));
}
Subject BrokerSubjects::js_direct_get(const Segment& stream) {
  return made("$JS.API.DIRECT.GET." + upper(stream.text()));
}
Subject BrokerSubjects::js_api() {
  return made("$JS.API.>");
}

// --- SYS account ---

Subject BrokerSubjects::sys_claims_update() {
  return made("$SYS.REQ.CLAIMS.UPDATE");
}
Subject BrokerSubjects::sys_claims_lookup(std::string_view account) {
  if (!is_base32(account)) return {};
  return made("$SYS.REQ.ACCOUNT." + std::string(account) + ".CLAIMS.LOOKUP");
}
Subject BrokerSubjects::sys_claims_lookups() {
  return made("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP");
}
Subject BrokerSubjects::sys_clients(std::string_view account) {
  if (!is_base32(account)) return {};
  return made("$SYS.REQ.ACCOUNT." + std::string(account) + ".CONNZ");
}
Subject BrokerSubjects::sys_clients_of_any() {
  return made("$SYS.REQ.ACCOUNT.*.CONNZ");
}
Subject BrokerSubjects::sys_connects() {
  return made("$SYS.ACCOUNT.*.CONNECT");
}
Subject BrokerSubjects::sys_disconnects() {
  return made("$SYS.ACCOUNT.*.DISCONNECT");
}

}  // namespace estop::schemas
