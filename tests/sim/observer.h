// SPDX-License-Identifier: Apache-2.0

// Sees everything that passes between the parts, and throws a Violation where an invariant
// (hazards I1 to I12, README) is broken. It believes no core: leases are recomputed from the beats
// that were sent, kills from what was published, resumes from stream and recorder.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/signing.h"
#include "tests/sim/ground.h"
#include "tests/sim/recorder.h"
#include "tests/sim/session.h"
#include "tests/sim/stream.h"
#include "tests/sim/truth.h"

namespace estop::sim {

struct ObserverSettings {
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::PublicKey control_key{};
  schemas::PublicKey operators_key{};
  Nanos bridge_lease = 0;  // in which it forwards
  Nanos agent_lease = 0;
};

class Observer {
 public:
  Observer(Ground& ground, ObserverSettings settings, const Disk& disk);
  void watch(const Stream& stream) { stream_ = &stream; }

  // The operator, control and what keeps its log (observer.cc).
  void ordered(const std::string& verb, const std::string& scope, const std::string& op_id);
  // Of an unsigned kill, by its operator, who was told so.
  void kill_told_durable(const std::string& op_id);
  void kill_refused(const std::string& op_id, const std::string& why);
  void control_began();
  void control_leads();  // whenever it says what only a leader says
  // To bridges, to agents or both; once or several times.
  void record_published(const schemas::Bytes& frame);
  void lease_signed(const schemas::Bytes& frame);
  void audited(const control::AuditEntry& entry);
  void alarmed(std::string_view kind, std::string_view detail);
  void agent_answered(const std::string& reply_subject);
  void stream_took(std::uint64_t seq, std::string_view frame);
  void recorder_stored(const schemas::SignedRecord& record);
  // Scopes that control, or a bridge that will tell it, holds under a kill.
  [[nodiscard]] std::vector<std::string> scopes_killed() const;
  [[nodiscard]] std::vector<std::string> kills_of(std::string_view scope) const;  // op ids
  // The kills of a scope that stand in the stream now, as a resume by place means them.
  [[nodiscard]] schemas::Through through(const schemas::Scope& scope) const {
    return truth_.through(scope);
  }
  // Op ids of kills that this agent has seen and control has lost.
  [[nodiscard]] std::set<std::string> forgotten(const schemas::Instance& instance) const;

  // Bridges, by id (observer_bridges.cc).
  void bridge_began(const std::string& id);
  void beat_sent(const std::string& id, std::uint64_t nonce, Nanos boot_now);
  // These two return the op id of a kill that nobody entitled has signed. It acts all the same,
  // until its signature is looked at: then `disproved`.
  std::string log_delivered(const std::string& id, std::string_view frame);
  std::string emergency_delivered(const std::string& id, std::string_view actor,
                                  std::string_view frame);
  void disproved(const std::string& id, const std::string& op_id);
  void lease_delivered(const std::string& id, std::string_view frame);
  // It wants no more intents: its lease is over.
  void left_group(const std::string& id);
  void closed_for_good(const std::string& id, const std::string& why);
  // After each message of control's, with what it has applied and whether it raised an alarm since.
  void bridge_looked_at(const std::string& id, const schemas::Head& applied, bool alarmed);
  void receipt_sent(const std::string& id, const schemas::BridgeReceipt& receipt);
  void forwarded(const std::string& id, const Message& intent, const std::string& subject,
                 Nanos boot_now);
  void refused(const std::string& id, const Message& intent, schemas::Errc code,
               const std::string& text);
  void accepted(const Message& message);  // by the broker
  // Control has told that this bridge's log is not its own: somebody has to look into it.
  [[nodiscard]] bool is_named(const std::string& id) const { return named_.contains(id); }

  // Obedient agents, by instance (observer_agents.cc).
  void agent_began(const schemas::Address& address, const schemas::Instance& instance);
  void agent_beat_sent(const schemas::Instance& instance, std::uint64_t nonce, Nanos boot_now);
  void beat_answered(const schemas::Instance& instance, const schemas::BeatReply& reply,
                     std::string_view subject);
  // `asked_at`: the stamp of the hello.
  void hello_answered(const schemas::Address& address, const schemas::HelloReply& reply,
                      std::uint64_t asked_at);
  void order_verified(const schemas::Instance& instance, const schemas::Record& record);
  void work_started(const schemas::Address& address, const schemas::Instance& instance,
                    std::uint64_t incarnation);
  void agent_sends(const schemas::Address& address, const schemas::Instance& instance,
                   std::uint64_t incarnation, Nanos boot_now);
  void agent_receipt(const schemas::Address& address, const schemas::Instance& instance,
                     const schemas::StoppedReceipt& receipt);
  void checkpoint_stored(const schemas::Address& address, const std::string& key,
                         std::uint64_t version);

  [[nodiscard]] Truth& truth() { return truth_; }
  [[nodiscard]] std::uint64_t forwards() const { return forwards_; }
  [[nodiscard]] std::uint64_t forwards_of(const schemas::Instance& sender) const;
  // A lease frame that control signed a while ago; empty: there is none.
  [[nodiscard]] std::string old_lease() const;

 private:
  struct Passed {  // an intent that a bridge forwarded
    std::string sender;
    std::string instance;
    std::string receiver;
    std::string receiver_instance;
  };
  struct BridgeLife {
    std::map<std::uint64_t, Nanos> beats;  // nonce → its sending, on the bridge's clock
    Nanos lease_until = 0;
    std::uint64_t knows_until = 0;  // stamp of the newest lease frame that it read
    std::uint64_t term = 0;
    schemas::Head head;     // the newest that it was told
    schemas::Head applied;  // the newest that it applied
    std::optional<schemas::LeaseFrame> told;
    bool must_alarm = false;
    std::string must_be_shut;  // why; empty: it may be open
    std::uint64_t began = 0;   // stamp
    std::set<std::string> seen;
    std::set<std::string> confirmed;
    std::multiset<std::string> unproved;  // forged kills that may act for a moment
    std::set<std::string> promised;       // its receipt has reached the broker
    std::vector<Passed> passed;
  };
  struct AgentLife {
    std::map<std::uint64_t, Nanos> beats;
    Nanos lease_until = 0;
    std::uint64_t knows_until = 0;
    std::map<std::string, std::uint64_t> seen;  // kills, and the stamp of the newest sight
    // Kills that control had lost when it let this agent go on. Their records say nothing new to
    // it, for an old one may come late; an answer that lists one does.
    std::set<std::string> let_go;
    std::set<std::string> stopped;  // kills for which it said so
    std::uint64_t incarnation = 0;
    bool works = false;
  };

  struct Stored {  // a checkpoint, acknowledged to its agent
    std::string address;
    std::string key;
    std::uint64_t version = 0;
    std::uint64_t stamp = 0;
  };

  [[nodiscard]] bool is_held(const Kill& kill) const;
  [[noreturn]] void fail(const std::string& invariant, const std::string& text);
  void checked(const char* invariant) { ground_.count(invariant); }
  std::string latched_on_sight(BridgeLife& life, const std::string& op_id, bool good);
  void control_made(const schemas::SignedRecord& record);
  void know_as_own(const schemas::Record& made);
  void check_head(const schemas::LeaseFrame& frame);
  [[nodiscard]] bool must_obey(const BridgeLife& life, const Kill& kill) const;
  [[nodiscard]] bool must_obey(const AgentLife& life, const Kill& kill) const;
  [[nodiscard]] static bool has_seen(const AgentLife& life, const Kill& kill);
  void check_kills(const std::string& id, BridgeLife& life, const Passed& intent,
                   std::uint64_t incarnation);
  void check_arrival(const Message& message, const schemas::DeliverSubject& parts);
  void check_origin(const Message& intent, const Passed& parts, const std::string& subject);

  Ground& ground_;
  ObserverSettings settings_;
  const Disk& disk_;
  const Stream* stream_ = nullptr;
  Truth truth_;
  std::map<std::string, std::string> orders_;     // op id → scope
  std::set<std::string> published_;               // op ids, by this life of control
  bool leads_ = false;                            // said by this life of control
  std::map<std::uint64_t, schemas::Hash> heads_;  // seq → what was committed there
  std::set<schemas::Hash> taken_;                 // by the stream, ever
  struct Text {                                   // of a map that is asked with views
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, Text, std::equal_to<>>;
  struct Lease {
    std::uint64_t signed_at = 0;  // stamp
    schemas::LeaseFrame frame;
  };
  ByText<Lease> signed_;            // by control: what each frame says
  ByText<std::uint64_t> answered_;  // reply subject → stamp
  std::map<std::string, BridgeLife> bridges_;
  std::set<std::string> named_;              // bridges, by alarms of control
  std::map<std::string, AgentLife> agents_;  // by instance
  std::vector<Stored> checkpoints_;
  std::deque<schemas::Bytes> leases_;  // the newest that were signed
  std::uint64_t forwards_ = 0;
  std::map<std::string, std::uint64_t> forwards_of_;  // by the sender's instance
};

}  // namespace estop::sim
