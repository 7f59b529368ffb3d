// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/log_reader.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "schemas/codec.h"

namespace estop::bridge {

using schemas::Result;

namespace {

constexpr std::uint64_t kInFlightMax = 256;
constexpr nats::Millis kAnswerWithin{2'000};

Result<std::string> frame_in(const Result<nats::MessageView>& answer) {
  if (!answer) return schemas::passed_on(answer);
  auto reply = schemas::decode<schemas::LogReadReply>(answer->data);
  if (!reply) return schemas::passed_on(reply);
  if (reply->code != schemas::Errc::kOk) return schemas::fail(reply->code, reply->detail);
  return std::move(reply->frame);
}

}  // namespace

struct LogReader::State : std::enable_shared_from_this<State> {
  nats::Connection& control;
  schemas::Subject subject;
  Events events;
  std::uint64_t next_to_ask;
  std::uint64_t next_to_hand_on;
  std::uint64_t last;
  std::map<std::uint64_t, std::string> early;  // answers that overtook others; at most kInFlightMax
  bool ended = false;

  State(nats::Connection& connection, schemas::Subject ask_there, std::uint64_t from,
        std::uint64_t to, Events to_call)
      : control(connection),
        subject(std::move(ask_there)),
        events(std::move(to_call)),
        next_to_ask(from),
        next_to_hand_on(from),
        last(to) {}

  void ask() {
    for (; next_to_ask <= last && next_to_ask < next_to_hand_on + kInFlightMax; ++next_to_ask) {
      control.request(
          subject, schemas::encode(schemas::LogRead{next_to_ask}), kAnswerWithin,
          [weak = weak_from_this(), seq = next_to_ask](const Result<nats::MessageView>& answer) {
            if (const auto self = weak.lock()) self->answered(seq, frame_in(answer));
          });
    }
  }

  void answered(std::uint64_t seq, Result<std::string> frame) {
    if (ended) return;
    if (!frame) {
      ended = true;
      return events.failed(fmt::format("record {}: {}", seq, to_string(frame.error())));
    }
    early.emplace(seq, std::move(*frame));
    while (!ended && !early.empty() && early.begin()->first == next_to_hand_on) {
      const auto record = early.extract(early.begin());
      ++next_to_hand_on;
      events.record(record.mapped());
    }
    if (ended) return;
    if (next_to_hand_on > last) {
      ended = true;
      return events.done();
    }
    ask();
  }
};

LogReader::LogReader(nats::Connection& control, schemas::Subject ask, std::uint64_t from,
                     std::uint64_t to, Events events)
    : state_(std::make_shared<State>(control, std::move(ask), from, to, std::move(events))) {
  state_->ask();
}

LogReader::~LogReader() {
  state_->ended = true;
}

}  // namespace estop::bridge
