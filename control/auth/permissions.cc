// SPDX-License-Identifier: Apache-2.0

// The permissions of every role: the one place that decides who may use which subject.
#include <array>

#include "control/auth/auth.h"

namespace estop::control {
namespace {

using schemas::Segment;
using schemas::Subject;
using schemas::Subjects;

constexpr std::string_view kControlName = "control";
constexpr std::array<std::string_view, 3> kOrders{"kill", "resume", "approve"};
constexpr std::array<std::string_view, 5> kQuestions{"ps", "get", "audit", "verify", "status"};

Segment segment(std::string_view text) {
  return *Segment::parse(text);
}

std::vector<std::string> texts(std::initializer_list<Subject> subjects) {
  std::vector<std::string> made;
  made.reserve(subjects.size());
  for (const Subject& subject : subjects) made.push_back(subject.str());
  return made;
}

// --- AGENTS ---

std::optional<Permissions> in_agents(const AgentRole& role, const Subjects& to) {
  const schemas::Address& self = role.address;
  if (self.empty()) return std::nullopt;
  return Permissions{
      texts({to.intents_of(self), to.works_of(self), to.hellos_of(self), to.beats_of(self),
             to.checkpoints_of(self), to.stoppeds_of(self)}),
      texts({to.deliveries_to(self), to.inboxes_of(self), to.control_all(), to.control_of(self)})};
}

// A bridge's own inbox has one token behind its id, an agent's at least three behind its org: an
// agent of an org that is called like a bridge still cannot hear it.
std::optional<Permissions> in_agents(const BridgeRole& role, const Subjects& to) {
  return Permissions{texts({to.deliveries(), to.inboxes(), to.receipt(role.id)}),
                     texts({to.intents(), to.works(), to.own_inbox(role.id)})};
}

std::optional<Permissions> in_agents(const ControlRole&, const Subjects& to) {
  return Permissions{texts({to.inboxes(), to.controls()}),
                     texts({to.hellos(), to.beats(), to.checkpoints(), to.stoppeds(), to.receipts(),
                            to.own_inbox(segment(kControlName))})};
}

std::optional<Permissions> in_agents(const OperatorRole&, const Subjects&) {
  return std::nullopt;
}
std::optional<Permissions> in_agents(const ViewerRole&, const Subjects&) {
  return std::nullopt;
}

// --- CONTROL ---

std::optional<Permissions> in_control(const AgentRole&, const Subjects&) {
  return std::nullopt;
}

// Nothing of JetStream, not even reading: its answers go to any reply subject that the asker names,
// also into the log or to the request that deletes it.
std::optional<Permissions> in_control(const BridgeRole& role, const Subjects& to) {
  return Permissions{texts({to.bridge(role.id), to.audits(), to.stores(), to.latched_by(role.id),
                            to.read(role.id)}),
                     texts({to.log(), to.lease(), to.emergencies(), to.reaching_emergencies(),
                            to.own_inbox(role.id)})};
}

std::optional<Permissions> in_control(const ControlRole&, const Subjects& to) {
  return Permissions{
      texts({to.log(), to.lease(), to.events(), to.audits(), to.inboxes(), to.js_api()}),
      texts({to.commands(), to.reaching_commands(), to.bridges(), to.reads(), to.audits(),
             to.emergencies(), to.reaching_emergencies(), to.log(), to.lease(),
             to.own_inbox(segment(kControlName))})};
}

std::optional<Permissions> in_control(const OperatorRole& role, const Subjects& to) {
  Permissions made{{}, texts({to.own_inbox(role.name), to.events()})};
  if (role.is_admin && role.reach == schemas::Scope::fleet()) {
    made.publish = texts({to.commands_of(role.name)});
  } else {
    for (const std::string_view verb : kOrders) {
      made.publish.push_back(to.command(role.name, segment(verb), role.reach).str());
    }
    if (role.is_admin) {
      made.publish.push_back(to.command(role.name, segment("revoke"), role.reach).str());
    }
    for (const std::string_view verb : kQuestions) {
      made.publish.push_back(to.command(role.name, segment(verb)).str());
    }
  }
  made.publish.push_back(to.emergency(role.name, role.reach).str());
  return made;
}

std::optional<Permissions> in_control(const ViewerRole& role, const Subjects& to) {
  Permissions made{{}, texts({to.own_inbox(role.name), to.events()})};
  for (const std::string_view verb : kQuestions) {
    made.publish.push_back(to.command(role.name, segment(verb)).str());
  }
  return made;
}

// --- SYS ---

std::optional<Permissions> in_sys(const Role& role, const Subjects& to) {
  if (!std::holds_alternative<ControlRole>(role)) return std::nullopt;
  return Permissions{
      texts({to.sys_claims_update(), to.sys_claims_lookups(), to.sys_clients_of_any()}),
      texts({to.sys_connects(), to.sys_disconnects(), to.own_inbox(segment(kControlName))})};
}

// The token that names the role's own inbox, for the roles that choose their name.
struct OwnName {
  const Segment* operator()(const AgentRole&) const { return nullptr; }
  const Segment* operator()(const ControlRole&) const { return nullptr; }
  const Segment* operator()(const BridgeRole& role) const { return &role.id; }
  const Segment* operator()(const OperatorRole& role) const { return &role.name; }
  const Segment* operator()(const ViewerRole& role) const { return &role.name; }
};

}  // namespace

std::optional<Permissions> permissions(const Role& role, Account account,
                                       const Subjects& subjects) {
  const Segment* name = std::visit(OwnName{}, role);
  if (name != nullptr && (name->empty() || name->text() == kControlName)) return std::nullopt;
  switch (account) {
    case Account::kAgents:
      return std::visit([&](const auto& who) { return in_agents(who, subjects); }, role);
    case Account::kControl:
      return std::visit([&](const auto& who) { return in_control(who, subjects); }, role);
    case Account::kSys:
      return in_sys(role, subjects);
  }
  return std::nullopt;
}

}  // namespace estop::control
