// SPDX-License-Identifier: Apache-2.0
#include "control/app/log_desk.h"

#include <utility>

#include "schemas/codec.h"

namespace estop::control {

using schemas::Errc;
using schemas::LogRead;
using schemas::LogReadReply;

namespace {

constexpr nats::Millis kStreamWait{1'500};  // bridges wait 2 s for the answer

}  // namespace

LogDesk::LogDesk(nats::Connection& connection, nats::JetStream& stream, schemas::Subjects subjects,
                 Send send)
    : connection_(connection),
      stream_(stream),
      subjects_(std::move(subjects)),
      send_(std::move(send)) {}

void LogDesk::listen() {
  connection_.subscribe(subjects_.reads(), [this](const nats::MessageView& m) { answer(m); });
}

// Only into the asker's own inbox: the subject says who asks, and the broker has checked it.
void LogDesk::answer(const nats::MessageView& message) {
  const auto bridge = subjects_.parse_read(message.subject);
  if (!bridge) return;
  const auto reply_to = subjects_.honoured_reply(*bridge, message.reply);
  if (!reply_to) return;
  const auto tell = [this, to = *reply_to](const LogReadReply& reply) {
    if (send_(to, schemas::encode(reply)) || reply.code != Errc::kOk) return;
    // Its frame may be what did not fit. The bridge waits, and says so in its log.
    (void)send_(to, schemas::encode(LogReadReply{
                        Errc::kTooLarge, "the record was read, and its answer not sent", {}}));
  };
  const auto read = schemas::decode<LogRead>(message.data);
  if (!read) return tell({read.error().code, read.error().detail, {}});
  if (*in_flight_ >= kLogReadsMax)
    return tell({Errc::kOverLimit, "too many reads: again later", {}});
  ++*in_flight_;
  stream_.get(read->seq, kStreamWait,
              [tell, count = in_flight_](schemas::Result<std::string> frame) {
                --*count;
                if (!frame) return tell({frame.error().code, frame.error().detail, {}});
                tell({Errc::kOk, {}, std::move(*frame)});
              });
}

}  // namespace estop::control
