// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/process.h"

#include <fmt/format.h>

#include <utility>

namespace estop::sim {
namespace {

constexpr Nanos kDriftMax_ppm = 10'000;  // 1 %: far worse than a real clock
constexpr Nanos kUpMax = 1'000 * kSecond;
constexpr Nanos kWakeUp = 2 * kMs;
constexpr std::uint64_t kEpoch_ms = 1'700'000'000'000;
constexpr Nanos kDownLeast = 20 * kMs;
constexpr Nanos kDownMost = 4 * kSecond;

thread_local Process* running_here = nullptr;  // a violation may leave it set: the run is over

}  // namespace

Process::Process(Ground& ground, std::string name)
    : ground_(ground),
      name_(std::move(name)),
      boot_offset_(ground.random.between(kSecond, kUpMax)),
      drift_ppm_(ground.random.between(-kDriftMax_ppm, kDriftMax_ppm)) {}

Nanos Process::boot_now() const noexcept {
  const Nanos now = ground_.timeline.now();
  return boot_offset_ + now + now * drift_ppm_ / 1'000'000;
}

std::uint64_t Process::wall_ms() const noexcept {
  return kEpoch_ms + static_cast<std::uint64_t>((ground_.timeline.now() + wall_offset_) / kMs);
}

void Process::launch() {
  if (alive_) return;
  alive_ = true;
  ++life_;
  ground_.trace.note(ground_.timeline.now(), name_,
                     [&] { return fmt::format("{} starts, life {}", name_, life_); });
  turn([this] { begin(); });
}

void Process::die(Nanos down_for) {
  if (!alive_) return;
  ground_.trace.note(ground_.timeline.now(), name_, [&] { return name_ + " dies"; });
  alive_ = false;
  frozen_ = false;
  waiting_.clear();
  end();
  ground_.timeline.after(down_for, [this] { launch(); });
}

void Process::freeze(Nanos how_long) {
  if (!alive_ || frozen_) return;
  frozen_ = true;
  ground_.trace.note(ground_.timeline.now(), name_, [&] { return name_ + " is frozen"; });
  ground_.timeline.after(how_long, [this, freeze = ++freezes_] {
    if (freeze == freezes_) thaw();
  });
}

// What waited happens in no particular order: a loop that wakes up finds everything ready at once.
void Process::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  ground_.trace.note(ground_.timeline.now(), name_, [&] { return name_ + " goes on"; });
  for (auto& action : std::exchange(waiting_, {})) {
    ground_.timeline.after(ground_.random.between(0, kWakeUp),
                           [this, life = life_, waited = std::move(action)]() mutable {
                             happen(life, std::move(waited));
                           });
  }
}

void Process::after(Nanos delay, Timeline::Action action) {
  const Nanos real = delay - delay * drift_ppm_ / 1'000'000;
  ground_.timeline.after(real, [this, life = life_, action = std::move(action)]() mutable {
    happen(life, std::move(action));
  });
}

void Process::happen(std::uint64_t life, Timeline::Action action) {
  if (!alive_ || life != life_) return;
  if (frozen_) {
    waiting_.push_back(std::move(action));
  } else {
    turn(action);
  }
}

std::string_view field(daemon::LogFields fields, std::string_view key) {
  for (const daemon::LogField& one : fields) {
    if (one.key() == key) return one.json();
  }
  return {};
}

Process& Process::running() {
  return *running_here;
}

void Process::turn(const Timeline::Action& action) {
  const auto before = std::exchange(running_here, this);
  try {
    action();
    if (alive_) flush();
  } catch (const Crashed&) {
    ground_.count("crash at an effect");
    die(ground_.random.between(kDownLeast, kDownMost));
  }
  running_here = before;
}

void Process::at_risk() {
  if (ground_.weather.crash != 0 && ground_.random.chance(ground_.weather.crash)) throw Crashed{};
}

}  // namespace estop::sim
