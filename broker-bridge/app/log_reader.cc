#include "broker-bridge/app/log_reader.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace estop::bridge {
namespace {

constexpr std::uint64_t kInFlightMax = 256;
constexpr nats::Millis kAnswerWithin{2'000};

}  // namespace

struct LogReader::State : std::enable_shared_from_this<State> {
  nats::JetStream& stream;
  Events events;
  std::uint64_t next_to_ask;
  std::uint64_t next_to_hand_on;
  std::uint64_t last;
  std::map<std::uint64_t, std::string> early;  // answers that overtook others; at most kInFlightMax
  bool ended = false;

  State(nats::JetStream& from_stream, std::uint64_t from, std::uint64_t to, Events to_call)
      : stream(from_stream),
        events(std::move(to_call)),
        next_to_ask(from),
        next_to_hand_on(from),
        last(to) {}

  void ask() {
    for (; next_to_ask <= last && next_to_ask < next_to_hand_on + kInFlightMax; ++next_to_ask) {
      stream.get(next_to_ask, kAnswerWithin,
                 [weak = weak_from_this(), seq = next_to_ask](schemas::Result<std::string> frame) {
                   if (const auto self = weak.lock()) self->answered(seq, std::move(frame));
                 });
    }
  }

  void answered(std::uint64_t seq, schemas::Result<std::string> frame) {
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

LogReader::LogReader(nats::JetStream& stream, std::uint64_t from, std::uint64_t to, Events events)
    : state_(std::make_shared<State>(stream, from, to, std::move(events))) {
  state_->ask();
}

LogReader::~LogReader() {
  state_->ended = true;
}

}  // namespace estop::bridge
