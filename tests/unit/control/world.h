// SPDX-License-Identifier: Apache-2.0

// A control core among working fakes: a stream that compares and sets, a recorder that may be full,
// and a clock that only moves when told. Effects are performed until nothing is left to do.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/core/control_core.h"
#include "schemas/codec.h"

namespace estop::control {

using Json = nlohmann::json;

class World {
 public:
  World();

  // Life of control. What the stream and the recorder hold survives.
  void start();
  void restart() { start(); }
  void pass(std::uint64_t ms);  // in ticks

  // Operators. Each command gets an inbox of its own; returns its name.
  std::string ask(const std::string& verb, const Json& request, const std::string& actor = "alice");
  std::string kill(const std::string& scope, const std::string& op_id, Json more = Json::object());
  // As `estop` sends what has to be signed, with these credentials.
  std::string ask_signed(const std::string& verb, const Json& request, const std::string& creds,
                         const std::string& actor = "alice");
  // The order as the operator signs it; its record is written at `write`.
  schemas::SignedOrder order(const std::string& scope, const std::string& op_id,
                             const std::string& actor = "alice") const;
  void emergency(const schemas::SignedOrder& order, const std::string& actor = "alice");
  void write(const std::string& op_id) { send(WriteDue{op_id}); }
  std::string resume(const std::string& scope, const std::string& op_id,
                     Json more = Json::object());
  std::vector<Json> answers(const std::string& inbox) const;
  Json stage(const std::string& inbox, const std::string& name) const;  // the newest; null: none
  bool is_done(const std::string& inbox) const;
  std::string error(const std::string& inbox) const;  // name of the error; empty: none

  // Bridges.
  void beat(const std::string& bridge, schemas::BridgeState state);
  void beat(schemas::BridgeBeat beat);
  void shows(const std::string& bridge, const schemas::Bytes& held);  // a kill that the log lacks
  void open(const std::string& bridge);
  void receipt(const std::string& bridge, const std::string& op_id,
               schemas::RecordKind kind = schemas::RecordKind::kKill, std::uint64_t forwarded = 0);
  bool was_granted(const std::string& bridge) const;  // its newest nonce

  // Agents.
  schemas::HelloReply hello(const std::string& address, const std::string& instance);
  void goodbye(const std::string& address, const std::string& instance);
  schemas::BeatReply agent_beat(const std::string& address, const std::string& instance,
                                std::uint64_t incarnation = 0);
  void stopped(const std::string& address, const std::string& instance, const std::string& op_id,
               bool overdue = false);
  schemas::StoreReply store(const std::string& address, schemas::StoreOp op,
                            std::uint64_t incarnation = 0);

  void send(const Event& event);
  const schemas::Record* committed(const std::string& op_id) const;
  std::size_t count_committed(const std::string& op_id) const;
  std::size_t audited(const std::string& kind) const;
  bool alarmed(const std::string& kind) const;

  // The neighbours; tests look at them and break them.
  bool stream_up = true;
  bool takes_unsigned = true;    // what is signed has tests of its own
  bool second_operator = false;  // for resumes and kills of the fleet
  bool stream_answers = true;    // false: takes records, but its answers are lost
  bool stream_slow = false;      // keeps the answer to a look at it in `slow_read`
  std::optional<StreamRead> slow_read;
  bool recorder_up = true;
  bool recorder_reads = true;  // false: it never answers what it is asked
  std::size_t lookups = 0;     // that it was asked
  std::size_t ended_ops_max = kEndedOpsKept;
  std::uint64_t snapshot_every = kSnapshotEvery_records;
  bool signatures_good = true;
  bool broker_revokes = true;
  schemas::Errc not_revoked = schemas::Errc::kNoContact;  // why it does not
  std::size_t silent_max = 0;                             // as --revoke-silent
  bool hears_agents = true;                               // control's connection to them is up
  std::vector<Withdrawal> withdrawals;
  std::vector<std::string> lifted;  // bars, by scope
  std::vector<schemas::SignedRecord> stream;
  bool stream_purges = true;
  std::uint64_t stream_first = 1;             // what stands before it in `stream` is gone
  std::vector<schemas::SignedRecord> stored;  // by the recorder
  schemas::Scope reach;                       // of whoever orders
  std::vector<AuditEntry> audit;
  AuditCut begins;                        // of the audit
  schemas::Process process = "process1";  // of whatever bridge or agent speaks
  std::vector<StoredAgent> agents;
  std::vector<schemas::Bytes> live;       // everything that was heard on the log's subject
  std::vector<schemas::Bytes> to_agents;  // everything that runtimes were told
  std::vector<schemas::Bytes> agent_replies;
  std::vector<schemas::LeaseFrame> leases;
  struct Fed {
    std::string kind;
    AuditEntry entry{};
    std::uint64_t number = 0;
  };
  std::vector<Fed> feed;
  std::vector<std::string> performed;  // kinds of effects, in order
  std::vector<std::string> stops;
  std::vector<std::string> due;      // op ids of kills that wait to be written
  std::vector<std::string> due_now;  // and of those for which nothing is left to wait for
  Now now{1'000'000, 1'700'000'000'000};
  std::unique_ptr<ControlCore> core;

 private:
  [[nodiscard]] StoredLog kept_log() const;
  void settle(Effects effects);
  void perform(const PublishRecord& effect);
  void perform(const ReadStream& effect);
  void perform(const PurgeStream& effect);
  void perform(const PublishToAgents& effect);
  void perform(const Flush& effect);
  void perform(const PublishLease& effect);
  void perform(const StoreRecord& effect);
  void perform(const WriteAudit& effect);
  void perform(const Answer& effect);
  void perform(const ReplyToAgent& effect);
  void perform(const ListCheckpoints& effect);
  void perform(const PutAgent& effect);
  void perform(const Store& effect);
  void perform(const QueryAudit& effect);
  void perform(const VerifyAudit& effect);
  void perform(const FindOrder& effect);
  void perform(const FindBeginning& effect);
  void perform(const CutAway& effect);
  void perform(const ReadDetails& effect);
  void perform(const CheckBridgeReceipt& effect);
  void perform(const CheckStopped& effect);
  void perform(const PublishEvent& effect);
  void perform(const WriteSoon& effect);
  void perform(const CheckOrder& effect);
  void perform(const OrderTimed& effect);
  void perform(const RevokeCredentials& effect);
  void perform(const LiftBar& effect);
  void perform(const Alarm& effect);
  void perform(const Stop& effect);
  void tell_tail(const AuditLine& line);
  Asker next_inbox();

  std::deque<Event> events_;
  std::map<std::string, std::vector<Json>> answers_;
  schemas::Bytes agent_reply_;
  std::vector<std::string> alarms_;
  std::uint64_t inboxes_ = 0;
  std::uint64_t nonces_ = 0;
};

schemas::SigningKey log_key();
schemas::Address address_of(const std::string& text);
schemas::Instance instance_of(const std::string& text);

}  // namespace estop::control
