// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/kills.h"

#include <optional>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "control/cli/session.h"
#include "estop/agent.h"

namespace estop::bench {
namespace {

using Micros = std::chrono::duration<double, std::micro>;
constexpr std::uint32_t kPatience_ms = 10'000;
// Between two samples, of kills and of requests alike: an order meets an Estop at rest, and not one
// that still checks the signatures of the order before.
constexpr std::chrono::milliseconds kPace{5};

// What `estop kill` does, order by order on one connection.
class Operator {
 public:
  explicit Operator(const OperatorAccess& access) : name_(access.name.text()) {
    cli::Common common;
    common.url = access.url;
    common.creds = access.creds_file;
    common.operator_name = name_;
    auto session = cli::Session::open(common);
    if (!session) throw std::runtime_error(schemas::to_string(session.error()));
    session_.emplace(std::move(*session));
  }

  // When "fenced" was read; throws if it never was.
  Clock::time_point kill(const std::string& scope) {
    schemas::Record kill;
    kill.op_id = fmt::format("bench-{}-{}", Clock::now().time_since_epoch().count(), ++orders_);
    kill.kill().scope = schemas::Scope::parse(scope).value();
    kill.kill().mode = schemas::KillMode::kNow;
    kill.actor.name = name_;
    kill.reason = "benchmark";
    const std::string order =
        fmt::format(R"({{"scope":"{}","reason":"{}","op_id":"{}","mode":"now",)"
                    R"("wait":["fenced"],"timeout_ms":8000}})",
                    scope, kill.reason, kill.op_id);
    Clock::time_point fenced{};
    std::string last;
    const auto take = [&](std::string_view answer) {
      // Complete when it tells the time that it took.
      if (answer.find(R"("stage":"fenced","us":)") != std::string_view::npos) fenced = Clock::now();
      last = answer;
      return answer.find(R"("done":true)") == std::string_view::npos;
    };
    auto done = session_->kill(kill, order, kPatience_ms, {{}, take});
    if (!done) throw std::runtime_error(schemas::to_string(done.error()));
    if (fenced == Clock::time_point{}) throw std::runtime_error("not fenced: " + last);
    return fenced;
  }

 private:
  std::string name_;
  std::optional<cli::Session> session_;
  std::uint64_t orders_ = 0;
};

}  // namespace

std::vector<double> kills_us(const OperatorAccess& access, const std::string& prefix,
                             std::size_t count) {
  Operator who(access);
  std::vector<double> samples;
  for (std::size_t i = 0; i < count; ++i) {
    std::this_thread::sleep_for(kPace);
    const auto begin = Clock::now();
    samples.push_back(Micros(who.kill(fmt::format("acme/bench/{}-{}", prefix, i)) - begin).count());
  }
  return samples;
}

std::vector<double> requests_us(const RawOptions& options, const std::string& subject,
                                std::size_t count) {
  const RawClient client(options);
  const std::string payload(128, 'x');
  std::vector<double> samples;
  for (std::size_t i = 0; i < count; ++i) {
    std::this_thread::sleep_for(kPace);
    natsMsg* reply = nullptr;
    const auto begin = Clock::now();
    const natsStatus status =
        natsConnection_Request(&reply, client.get(), subject.c_str(), payload.data(),
                               static_cast<int>(payload.size()), 5'000);
    samples.push_back(Micros(Clock::now() - begin).count());
    natsMsg_Destroy(reply);
    if (status != NATS_OK) {
      throw std::runtime_error(std::string("request: ") + natsStatus_GetText(status));
    }
  }
  return samples;
}

FenceCheck kill_under_flood(const OperatorAccess& access, const Lane& lane) {
  Load load(lane);
  Operator who(access);
  std::vector<Clock::time_point> sent;
  std::jthread flood([&](const std::stop_token& stop) { load.flood(stop, sent); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the flood is a load, not a wait
  const auto order = Clock::now();
  const auto fenced = who.kill(lane.sender.text());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  flood.request_stop();
  flood.join();
  FenceCheck check;
  for (const auto at : sent) {
    if (at >= fenced) {
      ++check.after;
    } else if (at >= order) {
      ++check.in_flight;
    } else {
      ++check.before;
    }
  }
  check.refused = load.refused();
  return check;
}

double stop_requested_ns(const std::string& url, const std::string& address,
                         const std::string& creds_file, const std::string& control_key) {
  AgentOptions options;
  options.address = address;
  options.url = url;
  options.creds_file = creds_file;
  options.control_key = control_key;
  const auto agent = Agent::connect(options);
  if (!agent) throw std::runtime_error(schemas::to_string(agent.error()));
  constexpr std::uint64_t kRounds = 100'000'000;
  std::uint64_t stopped = 0;
  const auto begin = Clock::now();
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    stopped += agent->stop_requested() ? 1 : 0;
    asm volatile("" ::: "memory");  // every round loads it anew
  }
  const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
  if (stopped != 0) throw std::runtime_error("the benchmark's agent was stopped");
  return took.count() / static_cast<double>(kRounds);
}

}  // namespace estop::bench
