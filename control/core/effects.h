// SPDX-License-Identifier: Apache-2.0

// What control wants done, as values, in the order in which the shell has to do it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/core/command.h"
#include "control/core/events.h"

namespace estop::control {

// On the log's subject: everybody who listens sees it at once. The stream takes it only if its last
// sequence is `seq - 1`; answered by AppendAnswered. With seq 0 the stream refuses it in any case,
// and nobody answers.
struct PublishRecord {
  std::uint64_t seq = 0;
  schemas::Bytes frame;
};
// Makes sure that the stream exists and reads it from `from_seq` on (its last record, if it ends
// before). Answered by StreamRead.
struct ReadStream {
  std::uint64_t from_seq = 1;
};
// First to the address that is named, if one is, then to everyone.
struct PublishToAgents {
  std::optional<schemas::Address> first;
  schemas::Bytes frame;
};
// Everything published so far leaves now, not at the end of the batch.
struct Flush {};
struct PublishLease {
  schemas::Bytes frame;
};
// Answered by RecordStored.
struct StoreRecord {
  schemas::SignedRecord record;
  std::optional<AuditEntry> audit;
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
struct ReadDetails {  // answered by DetailsRead
  schemas::Address address;
  ReplyTo reply;
  PageRequest page{};
};
// Nothing is confirmed before (174 µs). Answered by BridgeReceiptChecked.
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
// The bridges have heard this kill from the operator: what they answer goes before its record.
// Answered by WriteDue when it is time. Asked for again, the earlier one counts.
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
// The addresses of this scope may have new credentials again.
struct LiftBar {
  schemas::Scope scope;
};
struct PublishEvent {  // the live feed; made into JSON when others have had what they wait for
  schemas::Segment kind;
  AuditEntry entry;
};
// A stage of an order took so long, from the order on: for the metrics.
struct OrderTimed {
  Stage stage = Stage::kFenced;
  std::uint64_t us = 0;
};
// Something that a person has to look at. Also in the audit and on the live feed, by effects of
// their own.
struct Alarm {
  std::string kind;
  std::string detail;
};
// Control cannot go on without guessing. The process ends; a start anew reads the log again.
struct Stop {
  std::string reason;
};

using Effect =
    std::variant<PublishRecord, ReadStream, PublishToAgents, Flush, PublishLease, StoreRecord,
                 WriteAudit, Answer, ReplyToAgent, ListCheckpoints, PutAgent, Store, QueryAudit,
                 VerifyAudit, ReadDetails, CheckBridgeReceipt, CheckStopped, WriteSoon, CheckOrder,
                 PublishEvent, OrderTimed, RevokeCredentials, LiftBar, Alarm, Stop>;
using Effects = std::vector<Effect>;

}  // namespace estop::control
