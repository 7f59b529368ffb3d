// SPDX-License-Identifier: Apache-2.0
#include "control/app/stream_desk.h"

#include <fmt/format.h>

#include <utility>

#include "broker-bridge/daemon/log.h"

namespace estop::control {

namespace {

constexpr nats::Millis kStreamPatience{1'000};

// Another place than the one asked for means that the log is not what we think.
schemas::Result<void> answer_of(std::uint64_t seq, const schemas::Result<std::uint64_t>& place) {
  if (!place) return tl::make_unexpected(place.error());
  if (*place == seq) return {};
  return schemas::fail(schemas::Errc::kLogConflict, fmt::format("stored at {}", *place));
}

}  // namespace

StreamDesk::StreamDesk(nats::JetStream& stream, Outbox& log, schemas::Subjects subjects,
                       Handler handler)
    : stream_(stream),
      log_(log),
      subjects_(std::move(subjects)),
      handler_(std::move(handler)),
      reader_(stream) {}

void StreamDesk::perform(const PublishRecord& effect) {
  if (effect.seq == 0) {  // a stream of this name does not exist: heard by all, taken by none
    (void)log_.send(Unsent::kRecord, subjects_.log(), effect.frame,
                    {{"Nats-Expected-Stream", "NONE"}});
    return;
  }
  stream_.append(effect.frame, effect.is_first ? 0 : effect.seq - 1, kStreamPatience,
                 [this, seq = effect.seq](const schemas::Result<std::uint64_t>& place) {
                   handler_(AppendAnswered{seq, answer_of(seq, place)});
                 });
}

void StreamDesk::perform(const ReadStream& effect) {
  reader_.read(effect.from_seq, effect.begins, [this](const StreamRead& read) {
    if (!read.tail) {
      daemon::log_warn("stream-unreadable", {{"problem", to_string(read.tail.error())}});
    }
    handler_(read);
  });
}

void StreamDesk::perform(const PurgeStream& effect) {
  stream_.purge(effect.before_seq, kStreamPatience,
                [this, before = effect.before_seq](const schemas::Result<void>& purged) {
                  handler_(StreamPurged{before, purged});
                });
}

}  // namespace estop::control
