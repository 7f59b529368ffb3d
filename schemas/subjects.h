// SPDX-License-Identifier: Apache-2.0

// Every subject of Estop, as pairs of builder and pattern. No other file spells one.
//
// A `Subject` can only come from a builder here, and builders take checked names: a publish or
// subscribe cannot carry a byte that the grammar does not allow. Every part uses standard(); the
// yardsticks of the benchmark talk past Estop with a prefix of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/address.h"

namespace estop::schemas {

// A subject that is safe to hand to the broker. `str().c_str()` has no inner NUL, space, CR or LF.
class Subject {
 public:
  Subject() = default;
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const Subject&, const Subject&) = default;

 private:
  friend class Subjects;
  explicit Subject(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// `<prefix>.intent.A.i.B.<action…>` taken apart. Views into the subject that was parsed; every part
// obeys its grammar.
struct IntentSubject {
  std::string_view sender;           // org.workspace.name
  std::string_view instance;         // of the sender
  std::string_view sender_instance;  // org.workspace.name.instance, one contiguous slice
  std::string_view receiver;         // org.workspace.name
  std::string_view action;           // email.send
};

// `<prefix>.deliver.B.A.<action…>`
struct DeliverSubject {
  std::string_view receiver;
  std::string_view sender;
  std::string_view action;
};

// Of an agent's inbox, these are the bridges'.
inline constexpr std::string_view kReplyKind = "reply";      // of an answer that passed the gate
inline constexpr std::string_view kRefusedKind = "refused";  // of an intent that did not

// `<prefix>.inbox.A.i.reply.<id>.B`, or `<prefix>.inbox.A.i.<kind>.<id>` of any other kind.
struct InboxSubject {
  std::string_view address;  // org.workspace.name of whose inbox it is
  std::string_view instance;
  std::string_view kind;
  std::string_view id;
  std::string_view replier;  // B, org.workspace.name; of a reply only
};

// `<prefix>.<kind>.A.i`: hello, beat, checkpoint, stopped.
struct AgentSubject {
  std::string_view address;  // org.workspace.name
  std::string_view instance;
};

// `<prefix>.command.<operator>.<verb>`
struct CommandSubject {
  std::string_view actor;
  std::string_view verb;
};

class Subjects {
 public:
  explicit Subjects(Segment prefix) : prefix_(std::move(prefix)) {}
  [[nodiscard]] static Subjects standard();  // prefix `estop`
  [[nodiscard]] const Segment& prefix() const noexcept { return prefix_; }

  // --- AGENTS account ---
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
  [[nodiscard]] Subject inbox_of(const Address& to,
                                 const Instance& instance) const;  // estop.inbox.A.i.>
  [[nodiscard]] Subject inboxes_of(const Address& to) const;       // estop.inbox.A.>
  [[nodiscard]] Subject inboxes() const;                           // estop.inbox.>
  // For views that already obey the grammar (the bridge): estop.inbox.A.i.<kind>.<id>
  void inbox(std::string_view address, std::string_view instance, std::string_view kind,
             std::string_view id, std::string& out) const;
  // Hot path of the bridge: where the intent `reply` goes, as an answer to the request `id` of one
  // instance of its receiver. It ends in the sender, which the broker checked: so the asker sees
  // who answers. estop.inbox.<receiver>.<instance>.reply.<id>.<sender>
  void reply(const IntentSubject& reply, std::string_view instance, std::string_view id,
             std::string& out) const;
  // By position: a replier may be called like a kind, or like an id.
  [[nodiscard]] std::optional<InboxSubject> parse_inbox(std::string_view subject) const noexcept;
  // The reply subject of a request, if it is honoured: literally below `estop.inbox.<owner>.`,
  // every token clean (no wildcard, no empty token, `[A-Za-z0-9_-]`, at most 255 bytes). `owner` is
  // `A.tokens()` for an agent (the asker's own address) or an operator's name. nullopt: ignore it
  // and count it; a reply there could hit a foreign subject.
  [[nodiscard]] std::optional<Subject> honoured_reply(std::string_view owner,
                                                      std::string_view reply) const;

  [[nodiscard]] Subject hello(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject beat(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject checkpoint(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject stopped(const Address& from, const Instance& instance) const;
  [[nodiscard]] Subject hellos() const;       // estop.hello.>
  [[nodiscard]] Subject beats() const;        // estop.beat.>
  [[nodiscard]] Subject checkpoints() const;  // estop.checkpoint.>
  [[nodiscard]] Subject stoppeds() const;     // estop.stopped.>
  // What one agent may publish, all its instances: estop.<kind>.A.>
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

  // A bridge's receipt goes over its AGENTS connection, behind everything that it forwarded: the
  // broker handles the publishes of one connection in order, so the receipt is a barrier without a
  // further round trip.
  [[nodiscard]] Subject receipt(const Segment& bridge) const;  // estop.receipt.<bridge>
  [[nodiscard]] Subject receipts() const;                      // estop.receipt.*
  [[nodiscard]] std::optional<std::string_view> parse_receipt(
      std::string_view subject) const noexcept;

  // --- CONTROL account ---
  [[nodiscard]] Subject command(const Segment& actor, const Segment& verb) const;
  [[nodiscard]] Subject commands_of(const Segment& actor) const;  // estop.command.<operator>.>
  [[nodiscard]] Subject commands() const;                         // estop.command.*.*
  [[nodiscard]] std::optional<CommandSubject> parse_command(
      std::string_view subject) const noexcept;
  [[nodiscard]] Subject emergency(const Segment& actor) const;  // estop.emergency.<operator>
  [[nodiscard]] Subject emergencies() const;                    // estop.emergency.*
  [[nodiscard]] std::optional<std::string_view> parse_emergency(
      std::string_view subject) const noexcept;
  // A bridge's answer to an emergency, in the operator's inbox, and where a bridge may so answer.
  [[nodiscard]] Subject latched(
      const Segment& actor,
      const Segment& bridge) const;  // estop.inbox.<operator>.latched.<id>
  [[nodiscard]] Subject latched_by(const Segment& bridge) const;  // estop.inbox.*.latched.<id>
  [[nodiscard]] Subject latched_of(const Segment& actor) const;  // estop.inbox.<operator>.latched.*
  [[nodiscard]] Subject audits() const;                          // estop.audit.>
  [[nodiscard]] Subject stores() const;                          // estop.store.>
  [[nodiscard]] Subject log() const;                             // estop.log
  [[nodiscard]] Subject lease() const;                           // estop.lease
  [[nodiscard]] Subject bridge(const Segment& id) const;         // estop.bridge.<id>
  [[nodiscard]] Subject bridges() const;                         // estop.bridge.*
  [[nodiscard]] std::optional<std::string_view> parse_bridge(
      std::string_view subject) const noexcept;
  [[nodiscard]] Subject read(const Segment& bridge) const;  // estop.read.<bridge>
  [[nodiscard]] Subject reads() const;                      // estop.read.*
  [[nodiscard]] std::optional<std::string_view> parse_read(std::string_view subject) const noexcept;
  [[nodiscard]] Subject event(const Segment& kind) const;  // estop.event.<kind>
  [[nodiscard]] Subject events() const;                    // estop.event.>
  // Inbox of an operator, bridge or control in the CONTROL account: estop.inbox.<owner>.<id…> and
  // its pattern.
  [[nodiscard]] Subject own_inbox(const Segment& owner) const;  // estop.inbox.<owner>.>
  [[nodiscard]] Subject own_inbox(const Segment& owner,
                                  const Segment& id) const;  // estop.inbox.<owner>.<id>

  // --- JetStream API (CONTROL account only) ---
  [[nodiscard]] Subject js_stream_create(
      const Segment& stream) const;  // $JS.API.STREAM.CREATE.<STREAM>, upper-cased
  [[nodiscard]] Subject js_stream_info(
      const Segment& stream) const;  // $JS.API.STREAM.INFO.<STREAM>
  [[nodiscard]] Subject js_stream_purge(
      const Segment& stream) const;  // $JS.API.STREAM.PURGE.<STREAM>
  [[nodiscard]] Subject js_direct_get(const Segment& stream) const;  // $JS.API.DIRECT.GET.<STREAM>
  [[nodiscard]] Subject js_api() const;                              // $JS.API.>
  [[nodiscard]] static Segment control_stream();  // `control`, stream name CONTROL

  // --- SYS account ---
  [[nodiscard]] Subject sys_claims_update() const;  // $SYS.REQ.CLAIMS.UPDATE
  // $SYS.REQ.ACCOUNT.<account>.CLAIMS.LOOKUP of an account's public key (`A…`); empty if it is none
  [[nodiscard]] Subject sys_claims_lookup(std::string_view account) const;
  [[nodiscard]] Subject sys_claims_lookups() const;  // $SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP
  // Who is connected: asked ($SYS.REQ.ACCOUNT.<account>.CONNZ; empty as above), and told
  // ($SYS.ACCOUNT.*.CONNECT, $SYS.ACCOUNT.*.DISCONNECT).
  [[nodiscard]] Subject sys_clients(std::string_view account) const;
  [[nodiscard]] Subject sys_clients_of_any() const;  // $SYS.REQ.ACCOUNT.*.CONNZ
  [[nodiscard]] Subject sys_connects() const;
  [[nodiscard]] Subject sys_disconnects() const;

 private:
  Segment prefix_;
};

}  // namespace estop::schemas
