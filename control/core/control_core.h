// SPDX-License-Identifier: Apache-2.0

// Every decision of control: one event and the time in, what to do out.
//
// The core owns the state of the log, the bridges, the agents and the orders; it reads no clock and
// does no I/O. Effects are to be performed in their order. After a Stop effect nothing more may be
// handled. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "control/core/answers.h"
#include "control/core/audit_sums.h"
#include "control/core/clients.h"
#include "control/core/core_options.h"
#include "control/core/effects.h"
#include "control/core/ledger.h"
#include "control/core/op_claim.h"
#include "control/core/orders.h"
#include "control/core/registry.h"
#include "control/core/roster.h"

namespace estop::control {

class ControlCore {
 public:
  ControlCore(CoreOptions options, schemas::SigningKey log_key);

  // What the recorder kept; `fresh_id` (a segment of at most 34 bytes) names the log if it is
  // opened now.
  Effects start(std::vector<schemas::SignedRecord> records, const std::vector<StoredAgent>& agents,
                std::string fresh_id, Now now);
  Effects handle(const Event& event, Now now);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const Roster& roster() const { return roster_; }
  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const CoreCounters& counters() const { return counters_; }

 private:
  // Operators (control_commands.cc).
  void on(const CommandReceived& command, Now now, Effects& out);
  void obey(const CommandReceived& asked, Now now, Effects& out);
  void obey(const CommandReceived& asked, const KillCommand& kill, Now now, Effects& out);
  void obey(const CommandReceived& asked, const ResumeCommand& resume, Now now, Effects& out);
  void obey(const CommandReceived& asked, const ApproveCommand& approve, Now now, Effects& out);
  void obey(const CommandReceived& asked, const PsCommand& ps, Now now, Effects& out);
  void obey(const CommandReceived& asked, const GetCommand& get, Now now, Effects& out);
  void obey(const CommandReceived& asked, const StatusCommand& status, Now now, Effects& out);
  void obey(const CommandReceived& asked, const AuditCommand& audit, Now now, Effects& out);
  void obey(const CommandReceived& asked, const VerifyCommand&, Now now, Effects& out);
  void obey(const CommandReceived& asked, const CutCommand& cut, Now now, Effects& out);
  void obey(const CommandReceived& asked, const RevokeCommand& revoke, Now now, Effects& out);
  Order& kept_order(const KillClaim& claim, const schemas::Scope& scope, Now now, Effects& out);
  bool repeat_resume(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                     Effects& out);
  void tell_progress(Order& order, const OpState& known, Effects& out);
  void tell_line(const OrderFound& told, Effects& out);
  [[nodiscard]] static schemas::Record asked_draft(schemas::RecordKind kind,
                                                   const CommandReceived& asked,
                                                   const OrderRequest& request);
  Order& order_kill(schemas::Record draft, std::vector<std::string> warnings, Now now,
                    Effects& out);
  Order& order_resume(schemas::Record draft, Now now, Effects& out);
  schemas::SignedRecord append_resume(schemas::Record draft, Now now, Effects& out);
  [[nodiscard]] std::vector<std::string> resume_warnings(const schemas::Record& resume) const;
  [[nodiscard]] schemas::Result<void> may_resume() const;
  [[nodiscard]] schemas::Result<void> all_bridges_read(schemas::RecordKind kind) const;
  void watch(Order& order, const CommandReceived& asked, const OrderRequest& request,
             std::vector<std::string> notes, Now now, Effects& out);
  Order& begin_order(const schemas::SignedRecord& record, std::vector<std::string> warnings,
                     Now now);
  Order& begin_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings, Now now,
                    Effects& out);
  void publish_kill(const schemas::SignedRecord& record, Effects& out);
  Order& count_kill(const schemas::SignedRecord& record, std::vector<std::string> warnings, Now now,
                    Effects& out);
  [[nodiscard]] std::vector<std::string> kill_warnings(const schemas::Scope& scope) const;

  // Op ids that only the recorder remembers (control_lookups.cc).
  [[nodiscard]] std::vector<std::string> forgotten(const std::string& op_id,
                                                   const schemas::Scope& scope) const;
  template <class Asked>
  bool look_up(const Asked& asked, const std::vector<std::string>& op_ids, Now now, Effects& out);
  bool look_up(const CommandReceived& asked, const KillCommand& kill, Now now, Effects& out);
  bool look_up(const CommandReceived& asked, const ResumeCommand& resume, Now now, Effects& out);
  bool look_up(const EmergencyReceived& asked, Now now, Effects& out);
  bool look_up_held(const schemas::Record& kill, Now now, Effects& out);
  void on(const OrderFound& found, Now now, Effects& out);
  void go_on(std::uint64_t lookup, Now now, Effects& out);
  void expire_lookups(Now now, Effects& out);

  // What an op id is (control_ops.cc).
  [[nodiscard]] std::optional<OpIs> use_of(const std::string& op_id, const schemas::Scope& scope,
                                           const std::string& actor) const;
  [[nodiscard]] KillClaim claim_kill(const std::string& op_id, const schemas::Scope& scope,
                                     const std::string& actor) const;
  [[nodiscard]] KillClaim claim_kill(const schemas::Record& kill) const;
  [[nodiscard]] schemas::Error lifted_error(const KillClaim& claim,
                                            const schemas::Scope& scope) const;
  [[nodiscard]] static std::string taken_note(const KillClaim& claim);
  [[nodiscard]] schemas::Result<void> is_same_resume(const ResumeCommand& resume) const;

  [[nodiscard]] schemas::Result<schemas::Record> draft_resume(const CommandReceived& asked,
                                                              const ResumeCommand& resume) const;
  [[nodiscard]] schemas::Error nothing_to_lift(const schemas::Scope& scope) const;
  [[nodiscard]] schemas::Result<void> can_lift(const schemas::Record& resume) const;
  void refuse(const CommandReceived& asked, const schemas::Error& error, Now now, Effects& out);
  void on(const AuditListed& listed, Now now, Effects& out);
  void on(const AuditVerified& verified, Now now, Effects& out);
  void on(const AuditWritten& tail, Now now, Effects& out);
  void on(const AuditUnwritten& line, Now now, Effects& out);
  void on(const AuditBegins& begins, Now now, Effects& out);
  void on(const AuditCutAway& cut, Now now, Effects& out);
  void on(const DetailsRead& details, Now now, Effects& out);

  // Log and time (control_core.cc), bridges (control_bridges.cc).
  void on(const StreamRead& read, Now now, Effects& out);
  void on(const AppendAnswered& answer, Now now, Effects& out);
  void on(const RecordStored& stored, Now now, Effects& out);
  void on(const LinkChanged& link, Now now, Effects& out);
  void on(const BridgeBeatReceived& beat, Now now, Effects& out);
  void on(const BridgeReceiptReceived& receipt, Now now, Effects& out);
  void on(const BridgeReceiptChecked& checked, Now now, Effects& out);
  void on(const Tick& tick, Now now, Effects& out);
  void take(const std::vector<LedgerNews>& news, Now now, Effects& out);
  void applied(const schemas::SignedRecord& record, Now now, Effects& out);
  void gathered(Order& order, const Gathering& gathering, Now now, Effects& out);

  // Orders that wait for a second operator (control_proposals.cc).
  [[nodiscard]] bool needs_second(const schemas::Record& draft) const;
  [[nodiscard]] bool may_propose(const std::string& actor) const;
  void propose(const CommandReceived& asked, const OrderRequest& request, schemas::Record draft,
               std::vector<std::string> notes, Now now, Effects& out);
  void propose(const schemas::SignedOrder& order, const KillClaim& claim, Now now, Effects& out);
  Order& keep_proposal(schemas::Record draft, Now now, Effects& out);
  [[nodiscard]] schemas::Result<void> may_approve(const CommandReceived& asked,
                                                  const ApproveCommand& approve,
                                                  const schemas::Record& draft) const;
  bool watch_proposed_resume(const CommandReceived& asked, const ResumeCommand& resume, Now now,
                             Effects& out);
  void expire_proposals(Now now, Effects& out);

  // What operators signed, and kills that bridges hold (control_signed.cc).
  void obey(const CommandReceived& asked, const schemas::SignedCommand& command, Now now,
            Effects& out);
  [[nodiscard]] schemas::Result<void> may_obey(const CommandReceived& asked) const;
  static void keep_proof(const CommandReceived& asked, const std::string& subject,
                         const std::string& op_id, Now now, Effects& out);
  static void keep_order(const schemas::SignedOrder& order, const std::string& op_id, Now now,
                         Effects& out);
  void on(const EmergencyReceived& emergency, Now now, Effects& out);
  void on(const WriteDue& due, Now now, Effects& out);
  void on(const OrderChecked& checked, Now now, Effects& out);
  [[nodiscard]] bool is_proven(const schemas::SignedOrder& order, const std::string& from, Now now,
                               Effects& out);
  // True: it was no kill that control has already.
  bool adopt(const std::string& bridge, const schemas::Bytes& frame, Now now, Effects& out);
  void adopt(const schemas::SignedOrder& order, const KillClaim& claim, const std::string& from,
             Now now, Effects& out);
  void adopt(schemas::Record draft, const KillClaim& claim, const std::string& from, Now now,
             Effects& out);

  void publish_lease(Now now, Effects& out);
  void repeat_unconfirmed(Now now, Effects& out);
  void append_bridge(schemas::RecordKind kind, const BridgeName& name,
                     const schemas::PublicKey& key, Now now, Effects& out);

  // Credentials (control_credentials.cc).
  [[nodiscard]] static schemas::Result<void> may_revoke(const CommandReceived& asked,
                                                        const KillCommand& kill);
  void want_revocation(const CommandReceived& asked, const KillCommand& kill,
                       const std::string& op_id, Now now);
  void revoke_fenced(Now now, Effects& out);
  void on(const CredentialsRevoked& revoked, Now now, Effects& out);
  void on(const AccountsCompared& compared, Now now, Effects& out);
  void on(const ClientsHeard& heard, Now now, Effects& out);
  void look_at_clients(const Tick& tick, Now now, Effects& out);

  // Agents (control_agents.cc).
  void on(const HelloReceived& hello, Now now, Effects& out);
  void on(const CheckpointsListed& listed, Now now, Effects& out);
  void on(const BeatReceived& beat, Now now, Effects& out);
  void on(const StoppedReceived& stopped, Now now, Effects& out);
  void on(const StoppedChecked& checked, Now now, Effects& out);
  void on(const StoreRequested& request, Now now, Effects& out);
  void on(const StoreAnswered& answer, Now now, Effects& out);
  void on(const AgentsDropped& dropped, Now now, Effects& out);
  // In the audit, unless this address has had its share of lines: then it is counted.
  void note_of_agent(AuditEntry entry, const schemas::Address& address, Now now, Effects& out);
  void note_sums(Now now, Effects& out);
  [[nodiscard]] schemas::Result<void> may_store(const StoreRequested& asked, Now now) const;
  void tell_stops(Order& order, StopCount& count, Now now, Effects& out);
  void look_at_health(Now now, Effects& out);

  // Everything that is decided goes into the audit, and from there to the live feed.
  static void note(AuditEntry entry, Effects& out);
  static void publish_event(const AuditEntry& entry, std::uint64_t number, Effects& out);
  void publish_unless_stored(const AuditEntry& order, Effects& out) const;
  void alarm(const std::string& kind, const std::string& subject, const std::string& detail,
             Now now, Effects& out);
  [[nodiscard]] StatusView view(Now now) const;

  CoreOptions options_;
  Ledger ledger_;
  Roster roster_;
  Registry registry_;
  Orders orders_;
  Clients clients_;
  std::map<std::string, schemas::SignedOrder> unwritten_;  // by op id; no record yet
  Proposals proposals_;
  CoreCounters counters_;
  std::uint64_t started_us_ = 0;
  std::uint64_t next_lease_us_ = 0;
  std::uint64_t next_announce_us_ = 0;
  std::uint64_t next_health_us_ = 0;
  std::uint64_t next_clients_us_ = 0;
  std::uint64_t deaf_since_us_ = 0;  // agents are not heard; 0: they are
  std::uint64_t own_ops_ = 0;
  // A kill whose credentials are still to be withdrawn: not before the runtimes have confirmed or
  // their time is over, nor before another attempt.
  struct Revocation {
    Withdrawal withdrawal;
    std::uint64_t patience_until_us = 0;
    std::uint64_t again_us = 0;
  };
  std::map<std::string, Revocation> revocations_;  // by op id
  std::uint64_t lease_round_ = 0;
  std::set<BridgeName> bridges_moving_;               // a joined or left record is on its way
  std::map<std::string, std::uint64_t> alarms_told_;  // kind and subject → when, for a minute
  AuditSums audit_sums_;
  struct Parked {  // until the recorder has said what it knows, or the time is over
    std::variant<CommandReceived, EmergencyReceived> asked;
    std::size_t open = 0;  // questions
    std::uint64_t until_us = 0;
  };
  std::map<std::uint64_t, Parked> parked_;
  std::uint64_t lookups_ = 0;
  std::uint64_t lookup_failed_us_ = 0;
  AuditCut audit_begins_;  // behind what was cut away
};

}  // namespace estop::control
