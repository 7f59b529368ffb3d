// SPDX-License-Identifier: Apache-2.0

// The events of control, as values. The shell makes them; ControlCore::handle takes them.
//
// Messages arrive decoded. The shell counts what it cannot decode; that never becomes an event.
// Identities (`actor`, `bridge`, `address`, `instance`) come from the subject, which the broker
// checked, never from the payload.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "control/core/agents/agent_budget.h"
#include "control/core/asker.h"
#include "control/core/audit_line.h"
#include "control/core/now.h"
#include "control/core/orders/command.h"
#include "control/core/questions/page.h"
#include "control/core/withdrawal.h"
#include "control/recorder/rows.h"
#include "schemas/codec.h"
#include "schemas/messages.h"
#include "schemas/order.h"
#include "schemas/subjects.h"

namespace estop::control {

// --- Operators ---

struct CommandReceived {
  std::string actor;
  std::string verb;
  schemas::Scope reach{};  // of his credential: his orders may concern this part of the fleet
  std::string text;        // as it came: the audit keeps that of a signed one
  std::optional<schemas::SignedCommand> signature{};  // not verified yet
  // Of the signed text, if it is signed.
  schemas::Result<Command> command = Command{StatusCommand{}};
  std::string fresh_op_id;  // taken if the command brings none: the core has no random source
  Asker asker;
  schemas::Error unreadable{schemas::Errc::kOk, {}};  // why there is neither of both
  bool is_proven = false;                             // signed by its operator, and verified
  bool may_revoke = false;    // a signed kill whose credential allows the verb `revoke`, too
  bool is_looked_up = false;  // the recorder was asked for its op ids
};

// A kill that the operator signed himself, and that the bridges received at the same time.
struct EmergencyReceived {
  std::string actor;
  schemas::Scope reach{};  // of his credential
  schemas::SignedOrder order;
  bool is_looked_up = false;
};
struct WriteDue {  // the answer to WriteSoon
  std::string op_id;
};
struct OrderChecked {
  schemas::SignedOrder order;
  schemas::Result<void> verdict;
};

// --- The stream and the recorder ---

// The records of the stream from the requested one on (or its last record, if it ends before).
struct StreamTail {
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;                  // 0: empty
  std::vector<schemas::SignedRecord> records;  // signatures not verified yet
};
struct StreamRead {
  schemas::Result<StreamTail> tail;
};
// The stream's answer to PublishRecord. kLogConflict: it expected another sequence.
struct AppendAnswered {
  std::uint64_t seq = 0;
  schemas::Result<void> result;
};
struct RecordStored {
  std::uint64_t seq = 0;
  schemas::Result<void> result;
  std::uint64_t audit_number = 0;  // of the audit row of the same transaction; 0: none or not known
};
struct StreamPurged {
  std::uint64_t before_seq = 0;
  schemas::Result<void> result;
};
// The CONTROL connection came (up) or went.
struct LinkChanged {
  bool up = false;
};
struct OrderFound {
  std::uint64_t lookup = 0;
  std::string op_id;
  schemas::Result<std::optional<FoundOrder>> found;
};
struct AuditListed {
  Asker asker;
  schemas::Result<std::vector<AuditRow>> rows;
  AuditQuery query{};  // the query
};
struct AuditVerified {
  Asker asker;
  schemas::Result<AuditVerdict> verdict;
};
// The tail of the audit, in its order.
struct AuditWritten {
  std::vector<AuditRow> rows;
};
// A line that could not be written.
struct AuditUnwritten {
  AuditLine line;
};
struct AuditBegins {
  schemas::Result<AuditCut> cut;
};
struct AuditCutAway {
  Asker asker;
  CutRequest asked;
  schemas::Result<AuditCut> cut;
};
struct DetailsRead {
  Asker asker;
  schemas::Address address;
  schemas::Result<std::vector<schemas::CheckpointInfo>> checkpoints;
  schemas::Result<std::vector<AmbiguousEffect>> begun;
  PageRequest page{};
};

// --- Bridges ---

struct BridgeBeatReceived {
  std::string bridge;
  schemas::BridgeBeat beat;
};
struct BridgeReceiptReceived {
  std::string bridge;
  schemas::BridgeReceipt receipt;
  schemas::Bytes bytes;  // for the check of the signature
};
struct BridgeReceiptChecked {
  std::string bridge;
  schemas::BridgeReceipt receipt;
  bool good = false;
};

// --- Agents ---

struct HelloReceived {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Hello hello;
  Asker asker;
  schemas::Error unreadable{schemas::Errc::kOk, {}};  // why there is no `hello`
};
struct CheckpointsListed {  // completes a hello
  schemas::Address address;
  schemas::Instance instance;
  Asker asker;
  schemas::Result<std::vector<schemas::CheckpointInfo>> checkpoints;
};
struct BeatReceived {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Beat beat;
  Asker asker;
};
struct StoppedReceived {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoppedReceipt receipt;
  schemas::Bytes bytes;
};
struct StoppedChecked {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoppedReceipt receipt;
  bool good = false;
};
struct StoreRequested {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoreRequest request;
  Asker asker;
  schemas::Error unreadable{schemas::Errc::kOk, {}};  // why there is no `request`
};
struct StoreAnswered {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoreOp op = schemas::StoreOp::kGet;
  std::string key;
  Asker asker;
  schemas::StoreReply answer;
};

// --- Credentials ---

// How many credentials the broker refuses now, or why it does not yet.
struct CredentialsRevoked {
  Withdrawal asked;
  schemas::Result<std::size_t> count;
};
// The result of comparing the broker's accounts with those in the data folder.
struct AccountsCompared {
  std::vector<std::string> differed{};  // accounts that differed and were put right, by name
  std::vector<std::string> barred{};    // scopes that get no new credentials
  schemas::Result<void> result{};       // why they could not be compared or put right
  // Keys of people that are refused; nullopt: not looked at.
  std::optional<std::set<schemas::PublicKey>> operators_revoked{};
};

// --- Who is connected ---

// A connection at the broker, by a credential that is for one agent or one process.
struct BrokerClient {
  std::string id;              // which account, server and connection: `AGENTS/NBVM…/5`
  std::string user;            // the key of its credential, `U…`
  std::string credential;      // the name for which it was issued: `bridge-b1`
  schemas::Address agent{};    // its owner; empty: a bridge's or control's
  std::string calls_itself{};  // name and host, for people: the client chose the name
};
struct ClientsHeard {
  std::vector<BrokerClient> came{};
  std::vector<std::string> gone{};         // ids
  std::optional<std::string> all_below{};  // of the ids that begin so, only `came` are connected
};

// --- Time ---

struct Tick {  // every kTick_ms: deadlines, retries, health
  bool recorder_healthy = true;
  bool hears_agents = true;  // the connection for their messages is up
};

using Event = std::variant<CommandReceived, EmergencyReceived, WriteDue, OrderChecked, StreamRead,
                           StreamPurged, AppendAnswered, RecordStored, OrderFound, LinkChanged,
                           AuditListed, AuditVerified, AuditWritten, AuditUnwritten, AuditBegins,
                           AuditCutAway, DetailsRead, BridgeBeatReceived, BridgeReceiptReceived,
                           BridgeReceiptChecked, HelloReceived, CheckpointsListed, BeatReceived,
                           StoppedReceived, StoppedChecked, StoreRequested, StoreAnswered,
                           AgentsDropped, CredentialsRevoked, AccountsCompared, ClientsHeard, Tick>;

}  // namespace estop::control
