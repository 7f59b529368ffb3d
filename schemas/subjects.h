// SPDX-License-Identifier: Apache-2.0

// Every subject of Estop, as pairs of builder and pattern, a class for each plane. No other file
// spells one.
//
// A `Subject` can only come from a builder here, and builders take checked names: a publish or
// subscribe cannot carry a byte that the grammar does not allow. Every part uses
// Subjects::standard(); the baselines of the benchmark bypass Estop with a prefix of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schemas/address.h"
#include "schemas/subject.h"

namespace estop::schemas {

// Common to the planes of Estop.
class SubjectPlane : protected SubjectMaker {
 protected:
  explicit SubjectPlane(Segment prefix) : prefix_(std::move(prefix)) {}
  Segment prefix_;
};

// AGENTS account. From agent to agent: intents, through the bridges, and their replies.
class IntentSubjects : protected SubjectPlane {
 public:
  explicit IntentSubjects(Segment prefix) : SubjectPlane(std::move(prefix)) {}
  [[nodiscard]] Subject intent(const Address& from, const Instance& instance, const Address& to,
                               const Action& action) const;
  [[nodiscard]] Subject intents() const;                        // estop.intent.>
  [[nodiscard]] Subject intents_of(const Address& from) const;  // estop.intent.A.>
  [[nodiscard]] std::optional<IntentSubject> parse_intent(std::string_view subject) const noexcept;

  // Hot path of the bridge: writes `estop.deliver.B.A.<action>` into `out` (cleared first, capacity
  // reused). The parts must come from parse_intent. The result is as safe as a Subject.
  void deliver(const IntentSubject& parts, std::string& out) const;
  [[nodiscard]] Subject deliveries_to(const Address& to) const;  // estop.deliver.B.>
  [[nodiscard]] Subject deliveries() const;                      // estop.deliver.>
  [[nodiscard]] std::optional<DeliverSubject> parse_deliver(
      std::string_view subject) const noexcept;

  // estop.inbox.A.i.<kind>.<id>: kind `refused` (of an intent), `rpc` (control's answers). `id`
  // must be a segment (an intent id is).
  [[nodiscard]] Subject inbox(const Address& to, const Instance& instance, const Segment& kind,
                              const Segment& id) const;
  // estop.inbox.A.i.>
  [[nodiscard]] Subject inbox_of(const Address& to, const Instance& instance) const;
  [[nodiscard]] Subject inboxes_of(const Address& to) const;  // estop.inbox.A.>
  [[nodiscard]] Subject inboxes() const;                      // estop.inbox.>
  // For views that already obey the grammar (the bridge): estop.inbox.A.i.<kind>.<id>
  void inbox(std::string_view address, std::string_view instance, std::string_view kind,
             std::string_view id, std::string& out) const;
  // Hot path of the bridge: the subject for the intent `reply`, as an answer to the request `id` of
  // one instance of its receiver. It ends in the sender, which the broker checked, so the requester
  // sees who answers. estop.inbox.<receiver>.<instance>.reply.<id>.<sender>
  void reply(const IntentSubject& reply, std::string_view instance, std::string_view id,
             std::string& out) const;
  // Reads by position: the name of a replier may equal a kind or an id.
  [[nodiscard]] std::optional<InboxSubject> parse_inbox(std::string_view subject) const noexcept;
  // The reply subject of a request, if it is honoured: literally below `estop.inbox.<owner>.`,
  // every token clean (no wildcard, no empty token, `[A-Za-z0-9_-]`, at most 255 bytes). `owner` is
  // `A.tokens()` for an agent (the requester's own address) or an operator's name. nullopt: ignore
  // and count it; a reply there could reach a foreign subject.
  [[nodiscard]] std::optional<Subject> honoured_reply(std::string_view owner,
                                                      std::string_view reply) const;
};

// AGENTS account. Between agents and control.
class AgentSubjects : protected SubjectPlane {
 public:
  explicit AgentSubjects(Segment prefix) : SubjectPlane(std::move(prefix)) {}
  [[nodiscard]] Subject hello(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject beat(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject checkpoint(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject stopped(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject hellos() const;       // estop.hello.>
  [[nodiscard]] Subject beats() const;        // estop.beat.>
  [[nodiscard]] Subject checkpoints() const;  // estop.checkpoint.>
  [[nodiscard]] Subject stoppeds() const;     // estop.stopped.>
  // For one agent with all its instances: estop.<kind>.A.>
  [[nodiscard]] Subject hellos_of(const Address& from) const;
  [[nodiscard]] Subject beats_of(const Address& from) const;
  [[nodiscard]] Subject checkpoints_of(const Address& from) const;
  [[nodiscard]] Subject stoppeds_of(const Address& from) const;
  [[nodiscard]] Subject works_of(const Address& from) const;
  [[nodiscard]] Subject works() const;  // estop.work.>
  // Of hello, beat, checkpoint or stopped; nullopt for anything else.
  [[nodiscard]] std::optional<AgentSubject> parse_agent(std::string_view subject) const noexcept;

  [[nodiscard]] Subject control_of(const Address& agent) const;  // estop.control.A
  [[nodiscard]] Subject control_all() const;                     // estop.control.all
  [[nodiscard]] Subject controls() const;                        // estop.control.>
};

// Between control and the bridges: CONTROL account, except for the receipts.
class BridgeSubjects : protected SubjectPlane {
 public:
  explicit BridgeSubjects(Segment prefix) : SubjectPlane(std::move(prefix)) {}
  [[nodiscard]] Subject log() const;                      // estop.log
  [[nodiscard]] Subject lease() const;                    // estop.lease
  [[nodiscard]] Subject bridge(const Segment& id) const;  // estop.bridge.<id>
  [[nodiscard]] Subject bridges() const;                  // estop.bridge.*
  [[nodiscard]] std::optional<std::string_view> parse_bridge(
      std::string_view subject) const noexcept;
  [[nodiscard]] Subject read(const Segment& bridge) const;  // estop.read.<bridge>
  [[nodiscard]] Subject reads() const;                      // estop.read.*
  [[nodiscard]] std::optional<std::string_view> parse_read(std::string_view subject) const noexcept;

  // AGENTS account. A bridge's receipt goes over that connection, behind everything that it
  // forwarded: the broker handles the publishes of one connection in order, so the receipt is a
  // barrier without a further round trip.
  [[nodiscard]] Subject receipt(const Segment& bridge) const;  // estop.receipt.<bridge>
  [[nodiscard]] Subject receipts() const;                      // estop.receipt.*
  [[nodiscard]] std::optional<std::string_view> parse_receipt(
      std::string_view subject) const noexcept;
};

// CONTROL account. Questions and orders of operators, and the answers and events for them.
class OperatorSubjects : protected SubjectPlane {
 public:
  explicit OperatorSubjects(Segment prefix) : SubjectPlane(std::move(prefix)) {}
  // The reach stands behind the verb unless it is the fleet: the broker vouches for both.
  [[nodiscard]] Subject command(const Segment& actor, const Segment& verb,
                                const Scope& reach = {}) const;
  [[nodiscard]] Subject commands_of(const Segment& actor) const;  // estop.command.<operator>.>
  // Those that reach the fleet, and those that reach a part of it. A credential of a former version
  // hears the first ones only.
  [[nodiscard]] Subject commands() const;           // estop.command.*.*
  [[nodiscard]] Subject reaching_commands() const;  // estop.command.*.*.>
  [[nodiscard]] std::optional<CommandSubject> parse_command(std::string_view subject) const;
  [[nodiscard]] Subject emergency(const Segment& actor,
                                  const Scope& reach = {}) const;  // estop.emergency.<operator>
  [[nodiscard]] Subject emergencies() const;           // estop.emergency.*, as commands()
  [[nodiscard]] Subject reaching_emergencies() const;  // estop.emergency.*.>
  [[nodiscard]] std::optional<EmergencySubject> parse_emergency(std::string_view subject) const;
  // A bridge's answer to an emergency, in the operator's inbox, and the patterns for it.
  // estop.inbox.<operator>.latched.<id>
  [[nodiscard]] Subject latched(const Segment& actor, const Segment& bridge) const;
  [[nodiscard]] Subject latched_by(const Segment& bridge) const;  // estop.inbox.*.latched.<id>
  [[nodiscard]] Subject latched_of(const Segment& actor) const;  // estop.inbox.<operator>.latched.*
  [[nodiscard]] Subject audits() const;                          // estop.audit.>
  [[nodiscard]] Subject stores() const;                          // estop.store.>
  [[nodiscard]] Subject event(const Segment& kind) const;        // estop.event.<kind>
  [[nodiscard]] Subject events() const;                          // estop.event.>
  // Inbox of an operator, bridge or control in the CONTROL account: estop.inbox.<owner>.<id…> and
  // its pattern.
  [[nodiscard]] Subject own_inbox(const Segment& owner) const;  // estop.inbox.<owner>.>
  // estop.inbox.<owner>.<id>
  [[nodiscard]] Subject own_inbox(const Segment& owner, const Segment& id) const;
};

// Subjects of the broker itself, without a prefix of ours.
class BrokerSubjects : SubjectMaker {
 public:
  // JetStream, in the CONTROL account.
  // $JS.API.STREAM.CREATE.<STREAM>, upper-cased.
  [[nodiscard]] static Subject js_stream_create(const Segment& stream);
  // $JS.API.STREAM.INFO.<STREAM>
  [[nodiscard]] static Subject js_stream_info(const Segment& stream);
  // $JS.API.STREAM.PURGE.<STREAM>
  [[nodiscard]] static Subject js_stream_purge(const Segment& stream);
  [[nodiscard]] static Subject js_direct_get(const Segment& stream);  // $JS.API.DIRECT.GET.<STREAM>
  [[nodiscard]] static Subject js_api();                              // $JS.API.>
  [[nodiscard]] static Segment control_stream();  // `control`, stream name CONTROL

  // SYS account.
  [[nodiscard]] static Subject sys_claims_update();  // $SYS.REQ.CLAIMS.UPDATE
  // $SYS.REQ.ACCOUNT.<account>.CLAIMS.LOOKUP of an account's public key (`A…`); empty if it is none
  [[nodiscard]] static Subject sys_claims_lookup(std::string_view account);
  [[nodiscard]] static Subject sys_claims_lookups();  // $SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP
  // The connected clients, by request ($SYS.REQ.ACCOUNT.<account>.CONNZ; empty as above), and by
  // event ($SYS.ACCOUNT.*.CONNECT, $SYS.ACCOUNT.*.DISCONNECT).
  [[nodiscard]] static Subject sys_clients(std::string_view account);
  [[nodiscard]] static Subject sys_clients_of_any();  // $SYS.REQ.ACCOUNT.*.CONNZ
  [[nodiscard]] static Subject sys_connects();
  [[nodiscard]] static Subject sys_disconnects();
};

// The subjects of all planes.
class Subjects : public IntentSubjects,
                 public AgentSubjects,
                 public BridgeSubjects,
                 public OperatorSubjects,
                 public BrokerSubjects {
 public:
  explicit Subjects(const Segment& prefix)
      : IntentSubjects(prefix),
        AgentSubjects(prefix),
        BridgeSubjects(prefix),
        OperatorSubjects(prefix) {}
  [[nodiscard]] static Subjects standard();  // prefix `estop`
  [[nodiscard]] const Segment& prefix() const noexcept { return IntentSubjects::prefix_; }
};

}  // namespace estop::schemas
