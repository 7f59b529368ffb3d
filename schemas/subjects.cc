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

}  // namespace

Subjects Subjects::standard() {
  return Subjects(*Segment::parse("estop"));
}

// --- Intents ---

Subject Subjects::intent(const Address& from, const Instance& instance, const Address& to,
                         const Action& action) const {
  return Subject(fmt::format("{}.intent.{}.{}.{}.{}", prefix_.text(), from.tokens(),
                             instance.text(), to.tokens(), action.text()));
}
Subject Subjects::intents() const {
  return Subject(prefix_.text() + ".intent.>");
}
Subject Subjects::intents_of(const Address& from) const {
  return Subject(fmt::format("{}.intent.{}.>", prefix_.text(), from.tokens()));
}

void Subjects::deliver(const IntentSubject& parts, std::string& out) const {
  out.assign(prefix_.text()).append(".deliver.").append(parts.receiver).append(1, '.');
  out.append(parts.sender).append(1, '.').append(parts.action);
}
Subject Subjects::deliveries_to(const Address& to) const {
  return Subject(fmt::format("{}.deliver.{}.>", prefix_.text(), to.tokens()));
}
Subject Subjects::deliveries() const {
  return Subject(prefix_.text() + ".deliver.>");
}

// --- Inboxes ---

Subject Subjects::inbox(const Address& to, const Instance& instance, const Segment& kind,
                        const Segment& id) const {
  std::string out;
  inbox(to.tokens(), instance.text(), kind.text(), id.text(), out);
  return Subject(std::move(out));
}
void Subjects::inbox(std::string_view address, std::string_view instance, std::string_view kind,
                     std::string_view id, std::string& out) const {
  out.assign(prefix_.text()).append(".inbox.").append(address).append(1, '.').append(instance);
  out.append(1, '.').append(kind).append(1, '.').append(id);
}
void Subjects::reply(const IntentSubject& reply, std::string_view instance, std::string_view id,
                     std::string& out) const {
  inbox(reply.receiver, instance, kReplyKind, id, out);
  out.append(1, '.').append(reply.sender);
}
Subject Subjects::inbox_of(const Address& to, const Instance& instance) const {
  return Subject(fmt::format("{}.inbox.{}.{}.>", prefix_.text(), to.tokens(), instance.text()));
}
Subject Subjects::inboxes_of(const Address& to) const {
  return Subject(fmt::format("{}.inbox.{}.>", prefix_.text(), to.tokens()));
}
Subject Subjects::inboxes() const {
  return Subject(prefix_.text() + ".inbox.>");
}

// --- Agents and control ---

Subject Subjects::hello(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.hello.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::beat(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.beat.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::checkpoint(const Address& from, const Instance& instance) const {
  return Subject(
      fmt::format("{}.checkpoint.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::stopped(const Address& from, const Instance& instance) const {
  return Subject(fmt::format("{}.stopped.{}.{}", prefix_.text(), from.tokens(), instance.text()));
}
Subject Subjects::hellos() const {
  return Subject(prefix_.text() + ".hello.>");
}
Subject Subjects::beats() const {
  return Subject(prefix_.text() + ".beat.>");
}
Subject Subjects::checkpoints() const {
  return Subject(prefix_.text() + ".checkpoint.>");
}
Subject Subjects::stoppeds() const {
  return Subject(prefix_.text() + ".stopped.>");
}
Subject Subjects::works() const {
  return Subject(prefix_.text() + ".work.>");
}
Subject Subjects::hellos_of(const Address& from) const {
  return Subject(fmt::format("{}.hello.{}.>", prefix_.text(), from.tokens()));
}
Subject Subjects::beats_of(const Address& from) const {
  return Subject(fmt::format("{}.beat.{}.>", prefix_.text(), from.tokens()));
}
Subject Subjects::checkpoints_of(const Address& from) const {
  return Subject(fmt::format("{}.checkpoint.{}.>", prefix_.text(), from.tokens()));
}
Subject Subjects::stoppeds_of(const Address& from) const {
  return Subject(fmt::format("{}.stopped.{}.>", prefix_.text(), from.tokens()));
}
Subject Subjects::works_of(const Address& from) const {
  return Subject(fmt::format("{}.work.{}.>", prefix_.text(), from.tokens()));
}

Subject Subjects::control_of(const Address& agent) const {
  return Subject(fmt::format("{}.control.{}", prefix_.text(), agent.tokens()));
}
Subject Subjects::control_all() const {
  return Subject(prefix_.text() + ".control.all");
}
Subject Subjects::controls() const {
  return Subject(prefix_.text() + ".control.>");
}

Subject Subjects::receipt(const Segment& bridge) const {
  return Subject(fmt::format("{}.receipt.{}", prefix_.text(), bridge.text()));
}
Subject Subjects::receipts() const {
  return Subject(prefix_.text() + ".receipt.*");
}

// --- CONTROL account ---

Subject Subjects::command(const Segment& actor, const Segment& verb) const {
  return Subject(fmt::format("{}.command.{}.{}", prefix_.text(), actor.text(), verb.text()));
}
Subject Subjects::commands_of(const Segment& actor) const {
  return Subject(fmt::format("{}.command.{}.>", prefix_.text(), actor.text()));
}
Subject Subjects::commands() const {
  return Subject(prefix_.text() + ".command.*.*");
}

Subject Subjects::emergency(const Segment& actor) const {
  return Subject(fmt::format("{}.emergency.{}", prefix_.text(), actor.text()));
}
Subject Subjects::emergencies() const {
  return Subject(prefix_.text() + ".emergency.*");
}
Subject Subjects::latched(const Segment& actor, const Segment& bridge) const {
  return Subject(
      fmt::format("{}.inbox.{}.latched.{}", prefix_.text(), actor.text(), bridge.text()));
}
Subject Subjects::latched_by(const Segment& bridge) const {
  return Subject(fmt::format("{}.inbox.*.latched.{}", prefix_.text(), bridge.text()));
}
Subject Subjects::latched_of(const Segment& actor) const {
  return Subject(fmt::format("{}.inbox.{}.latched.*", prefix_.text(), actor.text()));
}
Subject Subjects::audits() const {
  return Subject(prefix_.text() + ".audit.>");
}
Subject Subjects::stores() const {
  return Subject(prefix_.text() + ".store.>");
}
Subject Subjects::log() const {
  return Subject(prefix_.text() + ".log");
}
Subject Subjects::lease() const {
  return Subject(prefix_.text() + ".lease");
}
Subject Subjects::bridge(const Segment& id) const {
  return Subject(fmt::format("{}.bridge.{}", prefix_.text(), id.text()));
}
Subject Subjects::bridges() const {
  return Subject(prefix_.text() + ".bridge.*");
}
Subject Subjects::read(const Segment& bridge) const {
  return Subject(fmt::format("{}.read.{}", prefix_.text(), bridge.text()));
}
Subject Subjects::reads() const {
  return Subject(prefix_.text() + ".read.*");
}
Subject Subjects::event(const Segment& kind) const {
  return Subject(fmt::format("{}.event.{}", prefix_.text(), kind.text()));
}
Subject Subjects::events() const {
  return Subject(prefix_.text() + ".event.>");
}

Subject Subjects::own_inbox(const Segment& owner) const {
  return Subject(fmt::format("{}.inbox.{}.>", prefix_.text(), owner.text()));
}
Subject Subjects::own_inbox(const Segment& owner, const Segment& id) const {
  return Subject(fmt::format("{}.inbox.{}.{}", prefix_.text(), owner.text(), id.text()));
}

// --- JetStream ---

Segment Subjects::control_stream() {
  return *Segment::parse("control");
}
Subject Subjects::js_stream_create(const Segment& stream) const {
  return Subject("$JS.API.STREAM.CREATE." + upper(stream.text()));
}
Subject Subjects::js_stream_info(const Segment& stream) const {
  return Subject("$JS.API.STREAM.INFO." + upper(stream.text()));
}
Subject Subjects::js_stream_purge(const Segment& stream) const {
  return Subject("$JS.API.STREAM.PURGE." + upper(stream.text()));
}
Subject Subjects::js_direct_get(const Segment& stream) const {
  return Subject("$JS.API.DIRECT.GET." + upper(stream.text()));
}
Subject Subjects::js_api() const {
  return Subject("$JS.API.>");
}

// --- SYS account ---

Subject Subjects::sys_claims_update() const {
  return Subject("$SYS.REQ.CLAIMS.UPDATE");
}
Subject Subjects::sys_claims_lookup(std::string_view account) const {
  if (!is_base32(account)) return {};
  return Subject("$SYS.REQ.ACCOUNT." + std::string(account) + ".CLAIMS.LOOKUP");
}
Subject Subjects::sys_claims_lookups() const {
  return Subject("$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP");
}
Subject Subjects::sys_clients(std::string_view account) const {
  if (!is_base32(account)) return {};
  return Subject("$SYS.REQ.ACCOUNT." + std::string(account) + ".CONNZ");
}
Subject Subjects::sys_clients_of_any() const {
  return Subject("$SYS.REQ.ACCOUNT.*.CONNZ");
}
Subject Subjects::sys_connects() const {
  return Subject("$SYS.ACCOUNT.*.CONNECT");
}
Subject Subjects::sys_disconnects() const {
  return Subject("$SYS.ACCOUNT.*.DISCONNECT");
}

}  // namespace estop::schemas
