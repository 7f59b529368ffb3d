// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/load.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/connection.h"
#include "schemas/codec.h"

namespace estop::bench {
namespace {

constexpr std::size_t kPayload_bytes = 128;
constexpr auto kPatience = std::chrono::seconds(30);
constexpr int kBurst = 512;  // publishes between two looks at the sockets

nats::ConnectOptions options(const Lane& lane, const std::string& creds) {
  nats::ConnectOptions made;
  made.url = lane.url;
  made.creds_file = creds;
  made.name = "bench";
  // A load that waits for its turn is not driven and answers no pings: that is not a lost contact.
  made.ping_interval = std::chrono::minutes(1);
  return made;
}

}  // namespace

struct Load::State {
  State(const Lane& on, const schemas::Instance& instance)
      : lane(on),
        sender(on_loop, options(on, on.sender_creds), on.subjects.inbox_of(on.sender, instance),
               {}),
        receiver(on_loop, options(on, on.receiver_creds),
                 on.subjects.inbox_of(on.receiver, instance), {}),
        subject(on.subjects.intent(on.sender, instance, on.receiver,
                                   *schemas::Action::parse("bench.run"))) {}

  // The send time stands at the front of the payload, which is the end of the message.
  void send() {
    const auto now = Clock::now().time_since_epoch().count();
    std::memcpy(message.data() + message.size() - kPayload_bytes, &now, sizeof now);
    if (sender.publish(subject, message)) ++sent;
  }

  static Clock::time_point sent_at(std::string_view data) {
    Clock::rep ticks = 0;
    std::memcpy(&ticks, data.data() + data.size() - kPayload_bytes, sizeof ticks);
    return Clock::time_point(Clock::duration(ticks));
  }

  // Handles what is there; waits a little only if there was nothing.
  void turn() {
    if (loop.poll() == 0) loop.run_one_for(std::chrono::milliseconds(1));
  }

  void pump(std::uint64_t window) {
    int burst = 0;
    while (sent - received - refused < window && burst++ < kBurst) send();
    sender.flush();
    turn();
  }

  Lane lane;
  boost::asio::io_context loop{1};
  nats::AsioLoop on_loop{loop};
  nats::Connection sender;
  nats::Connection receiver;
  schemas::Subject subject;
  schemas::Bytes message;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t refused = 0;
  std::vector<double>* latencies_us = nullptr;
  std::vector<Clock::time_point>* deliveries = nullptr;
};

Load::Load(const Lane& lane) {
  const auto instance = *schemas::Instance::parse("bench000");
  state_ = std::make_unique<State>(lane, instance);
  State& state = *state_;
  schemas::IntentHead head;
  head.id = "bench000-1";
  head.incarnation = lane.incarnation;
  const std::string payload(kPayload_bytes, '\0');
  head.payload = payload;
  state.message = schemas::encode_intent(head).value();
  state.receiver.queue_subscribe(lane.subjects.deliveries_to(lane.receiver),
                                 *schemas::Segment::parse("agents"),
                                 [&state](const nats::MessageView& message) {
                                   ++state.received;
                                   if (state.deliveries != nullptr) {
                                     state.deliveries->push_back(State::sent_at(message.data));
                                   }
                                   if (state.latencies_us == nullptr) return;
                                   const std::chrono::duration<double, std::micro> late =
                                       Clock::now() - State::sent_at(message.data);
                                   state.latencies_us->push_back(late.count());
                                 });
  state.sender.subscribe(lane.subjects.inbox_of(lane.sender, instance),
                         [&state](const nats::MessageView&) { ++state.refused; });
  for (nats::Connection* connection : {&state.receiver, &state.sender}) {
    if (auto connected = connection->connect(); !connected) {
      throw std::runtime_error(schemas::to_string(connected.error()));
    }
  }
  state.loop.run_for(std::chrono::milliseconds(100));  // the subscriptions reach the broker
}

Load::~Load() = default;

double Load::throughput(std::uint64_t count, std::uint64_t window) {
  State& state = *state_;
  const std::uint64_t goal = state.received + count;
  const auto begin = Clock::now();
  while (state.received < goal) {
    const std::uint64_t left = goal - state.received;
    state.pump(std::min(window, left));
    if (Clock::now() - begin > kPatience) {
      throw std::runtime_error("intents do not arrive: " + std::to_string(left) + " are missing, " +
                               std::to_string(state.refused) + " were refused");
    }
  }
  return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<double> Load::latencies_us(std::size_t count) {
  State& state = *state_;
  std::vector<double> samples;
  samples.reserve(count);
  state.latencies_us = &samples;
  const auto begin = Clock::now();
  while (samples.size() < count) {
    const std::size_t before = samples.size();
    state.send();
    state.sender.flush();
    while (samples.size() == before) {
      state.loop.run_one_for(std::chrono::milliseconds(100));
      if (Clock::now() - begin > kPatience) throw std::runtime_error("an intent does not arrive");
    }
  }
  state.latencies_us = nullptr;
  return samples;
}

void Load::saturate(std::uint64_t window, const std::stop_token& stop) {
  while (!stop.stop_requested()) state_->pump(window);
}

void Load::flood(const std::stop_token& stop, std::vector<Clock::time_point>& deliveries) {
  State& state = *state_;
  state.deliveries = &deliveries;
  auto next = Clock::now();
  while (!stop.stop_requested()) {
    for (; next <= Clock::now(); next += std::chrono::microseconds(50)) state.send();
    state.sender.flush();
    state.turn();
  }
  state.loop.run_for(std::chrono::milliseconds(200));  // what is still under way arrives
  state.deliveries = nullptr;
}

std::uint64_t Load::received() const noexcept {
  return state_->received;
}
std::uint64_t Load::refused() const noexcept {
  return state_->refused;
}

}  // namespace estop::bench
