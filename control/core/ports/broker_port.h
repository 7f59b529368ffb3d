// SPDX-License-Identifier: Apache-2.0

// The actions of control at the broker. Performed by BrokerDesk (control/app/broker_desk.h), in
// order; messages stand in the outgoing queues until Flush or the end of the batch.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "control/core/asker.h"
#include "control/core/audit_line.h"
#include "control/core/replies.h"
#include "control/recorder/rows.h"
#include "schemas/messages.h"

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
  // An empty one that ends before this record's place has lost what control does not read again:
  // its next record gets this number.
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
struct PublishLease {
  schemas::Bytes frame;
};
struct Answer {
  Asker asker;
  Reply reply;
};
struct ReplyToAgent {
  Asker asker;
  std::variant<schemas::HelloReply, schemas::BeatReply, schemas::StoreReply> reply;
};
// A line that the recorder has written, with its number, or a line that is in no audit, or not yet.
using FeedLine = std::variant<AuditRow, AuditLine>;
struct PublishEvent {  // the live feed; it becomes text after all messages for which a part waits
  schemas::Segment kind;
  FeedLine line;
};
// Sends the published messages now, and not at the end of the batch.
struct Flush {};

using BrokerAction = std::variant<PublishRecord, ReadStream, PurgeStream, PublishToAgents,
                                  PublishLease, Answer, ReplyToAgent, PublishEvent, Flush>;

}  // namespace estop::control
