// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faults.h"

#include <algorithm>

#include "schemas/codec.h"
#include "tests/support/forged.h"

namespace estop::sim {
namespace {

constexpr std::uint64_t kHalf = 500'000;
constexpr std::uint64_t kEighth = 125'000;

Nanos day() {
  return 24 * 3'600 * kSecond;
}

}  // namespace

const std::vector<Faults::Kind>& Faults::kinds() {
  static const std::vector<Kind> kAll{
      {"kill -9 of control", &Faults::kill_control},
      {"kill -9 of a bridge", &Faults::kill_bridge},
      {"kill -9 of an agent", &Faults::kill_agent},
      {"control frozen", &Faults::freeze_control},
      {"bridge frozen", &Faults::freeze_bridge},
      {"agent frozen", &Faults::freeze_agent},
      {"bridge stopped cleanly", &Faults::stop_bridge},
      {"link cut", &Faults::cut_link},
      {"link cut one way", &Faults::cut_one_way},
      {"control cut off", &Faults::cut_control_off},
      {"control restarted while a bridge is cut off, then a kill",
       &Faults::restart_control_without_a_bridge},
      {"subscription misplaced", &Faults::misplace_subscription},
      {"subscription of an agent stalled", &Faults::stall_agent},
      {"broker restarted", &Faults::restart_broker},
      {"power lost, stream shorter", &Faults::lose_power},
      {"stream lost", &Faults::lose_stream},
      {"stream upset", &Faults::upset_stream},
      {"disk full", &Faults::fill_disk},
      {"wall clock jumps", &Faults::jump_wall_clock},
      {"unknown order", &Faults::speak_of_the_future},
      {"old lease repeated", &Faults::repeat_old_lease},
      {"forged frames", &Faults::forge},
  };
  return kAll;
}

Faults::Faults(World& world) : world_(world), ground_(world.ground) {
  Random& random = ground_.random;
  if (random.chance(kEighth)) return;  // a calm seed
  choose_weather();
  for (const Kind& kind : kinds()) {
    if (random.chance(kHalf)) continue;
    strike_later(kind, random.between(2, 30) * kSecond);
  }
}

void Faults::choose_weather() {
  Random& random = ground_.random;
  Weather& weather = ground_.weather;
  const auto maybe = [&](std::uint64_t most) {
    return random.chance(kHalf) ? random.below(most) : 0;
  };
  weather.loss = maybe(50'000);
  weather.duplicate = maybe(20'000);
  weather.lag = maybe(50'000);
  weather.busy = maybe(300'000);
  weather.crash = maybe(300);
  weather.delay_most += static_cast<Nanos>(maybe(20)) * kMs;
  weather.commit_most += static_cast<Nanos>(maybe(500)) * kMs;
}

void Faults::strike_later(const Kind& kind, Nanos every) {
  ground_.timeline.after(ground_.random.between(kMs, 2 * every), [this, &kind, every] {
    if (stopped_) return;
    ground_.count(kind.name);
    ground_.trace.note(ground_.timeline.now(), kind.name,
                       [&] { return std::string("fault: ") + kind.name; });
    (this->*kind.strike)();
    strike_later(kind, every);
  });
}

void Faults::stop() {
  stopped_ = true;
  ground_.weather = Weather{};
}

Nanos Faults::a_while() {
  const Nanos most = ground_.random.below(2) == 0 ? kSecond : kFaultMost;
  return ground_.random.between(kMs, most);
}

// --- Processes ---

void Faults::kill_control() {
  world_.control->die(a_while() / 2);
}
void Faults::kill_bridge() {
  ground_.random.pick(world_.bridges)->die(a_while() / 2);
}
void Faults::kill_agent() {
  ground_.random.pick(world_.agents)->die(a_while() / 2);
}
void Faults::freeze_control() {
  world_.control->freeze(a_while());
}
void Faults::freeze_bridge() {
  ground_.random.pick(world_.bridges)->freeze(a_while());
}
void Faults::freeze_agent() {
  ground_.random.pick(world_.agents)->freeze(a_while());
}
void Faults::stop_bridge() {
  ground_.random.pick(world_.bridges)->leave(a_while() / 2);
}

// --- Network ---

void Faults::cut_link() {
  world_.broker->cut(*ground_.random.pick(world_.broker->links()), true, true, a_while());
}
void Faults::cut_one_way() {
  const bool up = ground_.random.below(2) == 0;
  world_.broker->cut(*ground_.random.pick(world_.broker->links()), up, !up, a_while());
}
void Faults::cut_control_off() {
  const Nanos how_long = a_while();
  for (const auto& link : world_.broker->links()) {
    if (link->user.name.starts_with("control-")) world_.broker->cut(*link, true, true, how_long);
  }
}

// Troubles come together: a control that has just begun must not take a bridge for gone because it
// has not heard of it yet.
void Faults::restart_control_without_a_bridge() {
  const std::string& id = ground_.random.pick(world_.bridges)->id();
  for (const auto& link : world_.broker->links()) {
    if (link->user.name == "bridge-" + id + "-control") {
      world_.broker->cut(*link, true, true, world_.bridge_lease);
    }
  }
  world_.control->die(ground_.random.between(kMs, world_.bridge_beat));
  ground_.timeline.after(world_.bridge_beat + world_.bridge_lease / 4, [this] {
    if (!stopped_) world_.boss->kill_something();
  });
}

void Faults::misplace_subscription() {
  world_.broker->misplace_subscription();
}
void Faults::stall_agent() {
  world_.broker->stall_agent(ground_.random.between(kMs, kSecond));
}

// --- Broker and disk ---

void Faults::restart_broker() {
  world_.broker->stop(ground_.random.between(kMs, 3 * kSecond));
}

// The broker syncs its stream every two minutes: nearly all of it may be gone.
void Faults::lose_power() {
  Stream& stream = world_.broker->stream();
  stream.lose_after(stream.last_seq() -
                    ground_.random.below(1 + std::min<std::uint64_t>(stream.last_seq(), 5)));
  restart_broker();
}

void Faults::lose_stream() {
  world_.broker->stream().lose_all();
  if (ground_.random.below(2) == 0) restart_broker();
}

void Faults::upset_stream() {
  using Mood = Stream::Mood;
  static const std::vector<Mood> kMoods{Mood::kSilent, Mood::kRefuses, Mood::kMute, Mood::kLags};
  world_.broker->stream().set_mood(ground_.random.pick(kMoods));
  ground_.timeline.after(a_while(), [this] { world_.broker->stream().set_mood(Mood::kFine); });
}

void Faults::fill_disk() {
  world_.disk.full = true;
  ground_.timeline.after(a_while(), [this] { world_.disk.full = false; });
}

void Faults::jump_wall_clock() {
  world_.control->set_wall_clock(ground_.random.between(-day(), day()));
}

// --- Frames that nobody should send ---

void Faults::speak_of_the_future() {
  schemas::Record record;
  record.body = schemas::Skipped{static_cast<schemas::RecordKind>(99)};
  record.op_id = "later";
  // Control's own word stops who does not understand it, a stranger's says nothing.
  const bool by_control = ground_.random.between(0, 1) == 0;
  const auto key = schemas::SigningKey::from_bytes(
      schemas::KeyRole::kUser, by_control ? world_.log_seed : std::array<std::uint8_t, 32>{});
  world_.broker->inject(schemas::Subjects::standard().log().str(),
                        testing::forged_record(record, key));
}

void Faults::repeat_old_lease() {
  const auto frame = world_.observer->old_lease();
  if (!frame.empty()) {
    world_.broker->inject(schemas::Subjects::standard().lease().str(), frame);
  }
}

// Whoever sends these has control's place on the bus, but not its key.
void Faults::forge() {
  const auto key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, {99});
  const auto subjects = schemas::Subjects::standard();
  schemas::Record kill;
  kill.op_id = "forged";
  kill.actor.name = "mallory";
  kill.epoch = 1;
  kill.seq = world_.broker->stream().last_seq() + 1;
  schemas::Record resume = kill;
  resume.body = schemas::Resume{.scope = resume.scope()};
  resume.resume().lifts = {"op-1", "op-2", "op-3", "op-4", "op-5"};
  resume.resume().incarnation = 1'000;
  schemas::LeaseFrame lease;
  lease.leader = "mallory1";
  lease.term = 1'000;
  lease.uncommitted = {schemas::sign_record(kill, key).value().frame};
  world_.broker->inject(subjects.log().str(), schemas::sign_record(kill, key).value().frame);
  world_.broker->inject(subjects.log().str(), schemas::sign_record(resume, key).value().frame);
  world_.broker->inject(subjects.lease().str(), schemas::sign_lease(lease, key).value());
}

}  // namespace estop::sim
