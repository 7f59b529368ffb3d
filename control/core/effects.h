// SPDX-License-Identifier: Apache-2.0

// What control wants done, as values, in the order in which the shell has to do it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/core/events.h"
#include "control/core/orders/command.h"

namespace estop::control {

// Publishes on the log's subject: every listener sees it at once. The stream takes it only if its
// last sequence is `seq - 1`, or, where it is the first one, if there is none; AppendAnswered has
// its answer. With seq 0 the stream always refuses it, and there is no answer.
struct PublishRecord {
  std::uint64_t seq = 0;
  schemas::Bytes frame;
  bool is_first = false;
};
// Makes sure that the stream exists and reads it from `from_seq` on (its last record, if it ends
// before). Answered by StreamRead.
struct ReadStream {
  std::uint64_t from_seq = 1;
  // One that ends before this record's place has lost what control does not read again: it is
  // emptied, and its next record gets this number.
  std::uint64_t begins = 1;
};
// Removes from the stream what stands before this record. Answered by StreamPurged.
struct PurgeStream {
  std::uint64_t before_seq = 0;
};
// Publishes an order to runtimes: first to one address, if `first` names it, then to everyone.
struct PublishToAgents {
  std::optional<schemas::Address> first;
  schemas::Bytes frame;
};
// Sends what was published so far now, and not at the end of the batch.
struct Flush {};
struct PublishLease {
  schemas::Bytes frame;
};
// Answered by RecordStored.
struct StoreRecord {
  schemas::SignedRecord record;
  std::optional<AuditEntry> audit;
};
// Of an op id that is not remembered. Answered by OrderFound.
struct FindOrder {
  std::uint64_t lookup = 0;
  std::string op_id;
};
struct WriteAudit {
  AuditEntry entry;
};
struct Answer {
  ReplyTo reply;
  std::string json;
};
struct ReplyToAgent {
  ReplyTo reply;
  schemas::Bytes bytes;
};
// Answered by CheckpointsListed.
struct ListCheckpoints {
  schemas::Address address;
  schemas::Instance instance;
  ReplyTo reply;
};
struct PutAgent {
  StoredAgent agent;
};
// Answered by StoreAnswered.
struct Store {
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoreRequest request;
  ReplyTo reply;
};
struct QueryAudit {  // answered by AuditListed
  AuditQuery query;
  ReplyTo reply;
};
struct VerifyAudit {  // answered by AuditVerified
  ReplyTo reply;
};
struct FindBeginning {};  // of the audit; answered by AuditBegins
struct CutAway {          // answered by AuditCutAway
  CutRequest request;
  ReplyTo reply;
};
struct ReadDetails {  // answered by DetailsRead
  schemas::Address address;
  ReplyTo reply;
  PageRequest page{};
};
// Checks the signature before anybody hears of the receipt. Answered by BridgeReceiptChecked.
struct CheckBridgeReceipt {
  std::string bridge;
  schemas::BridgeReceipt receipt;
  schemas::Bytes bytes;
  schemas::PublicKey key{};
};
struct CheckStopped {  // answered by StoppedChecked
  schemas::Address address;
  schemas::Instance instance;
  schemas::StoppedReceipt receipt;
  schemas::Bytes bytes;
  schemas::PublicKey key{};
};
// Bridges heard this kill from the operator himself. Their receipts are handled before its record
// is written. Answered by WriteDue when it is time; of two requests the earlier time counts.
struct WriteSoon {
  std::string op_id;
  std::uint64_t in_us = 0;
};
struct CheckOrder {  // answered by OrderChecked
  schemas::SignedOrder order;
};
// Answered by CredentialsRevoked, when the broker has obeyed.
struct RevokeCredentials {
  Withdrawal withdrawal;
};
// Allows new credentials for the addresses of this scope again.
struct LiftBar {
  schemas::Scope scope;
};
struct PublishEvent {  // the live feed; it becomes JSON after everything that somebody waits for
  schemas::Segment kind;
  AuditEntry entry;
  std::uint64_t number = 0;  // of its line in the audit; 0: it is none, or not yet
};
// For the metrics: how long after its order a stage was reached.
struct OrderTimed {
  Stage stage = Stage::kFenced;
  std::uint64_t us = 0;
};
// Something that a person has to look at. Its audit line and its event are effects of their own.
struct Alarm {
  std::string kind;
  std::string detail;
};
// Control cannot go on without guessing. The process ends; the next start reads the log again.
struct Stop {
  std::string reason;
};

using Effect =
    std::variant<PublishRecord, ReadStream, PurgeStream, PublishToAgents, Flush, PublishLease,
                 StoreRecord, WriteAudit, Answer, ReplyToAgent, ListCheckpoints, PutAgent, Store,
                 QueryAudit, VerifyAudit, FindOrder, FindBeginning, CutAway, ReadDetails,
                 CheckBridgeReceipt, CheckStopped, WriteSoon, CheckOrder, PublishEvent, OrderTimed,
                 RevokeCredentials, LiftBar, Alarm, Stop>;
using Effects = std::vector<Effect>;

}  // namespace estop::control
