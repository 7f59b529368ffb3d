// SPDX-License-Identifier: Apache-2.0

// A simulated process: one loop, on a machine with its own clock. It can be frozen (SIGSTOP) and
// killed (kill -9) at any moment, also between two effects of one event; a supervisor starts it
// anew.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker-bridge/daemon/log.h"
#include "tests/sim/ground.h"

namespace estop::nats {
class Loop;
}

namespace estop::sim {

struct Disk;
struct Message;

// The value of a field of a line of the log; empty: it has none.
[[nodiscard]] std::string_view field(daemon::LogFields fields, std::string_view key);

// Thrown at the moment of a kill -9; caught by the turn that it ends.
struct Crashed {};

class Process {
 public:
  Process(Ground& ground, std::string name);
  virtual ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_alive() const noexcept { return alive_; }
  [[nodiscard]] bool is_frozen() const noexcept { return frozen_; }
  [[nodiscard]] std::uint64_t life() const noexcept { return life_; }  // raised by each launch
  [[nodiscard]] Ground& ground() noexcept { return ground_; }
  // CLOCK_BOOTTIME of its machine, which runs a little fast or slow.
  [[nodiscard]] Nanos boot_now() const noexcept;
  [[nodiscard]] std::uint64_t wall_ms() const noexcept;
  void set_wall_clock(Nanos offset) noexcept { wall_offset_ = offset; }

  void launch();
  void die(Nanos down_for);  // launched again after it
  void freeze(Nanos how_long);
  void thaw();

  // On its loop, `delay` later by its own clock, in this life only; while frozen it waits.
  void after(Nanos delay, Timeline::Action action);
  // One turn of the loop, now: what it published leaves at the end.
  void turn(const Timeline::Action& action);
  // The process may be killed right here.
  void at_risk();
  // Whose turn it is on this thread.
  [[nodiscard]] static Process& running();

  // What passes its connections, as somebody beside them sees it. `user`: of the connection;
  // `pattern`: of the subscription that it comes by.
  virtual void arrives(const std::string& /*user*/, const std::string& /*pattern*/,
                       const Message& /*message*/) {}
  virtual void was_handled(const std::string& /*user*/, const Message& /*message*/) {}
  virtual void sends(const std::string& /*user*/, const Message& /*message*/) {}
  virtual void subscribes(const std::string& /*user*/, const std::string& /*pattern*/) {}
  virtual void unsubscribes(const std::string& /*user*/, const std::string& /*pattern*/) {}
  // A line of its log.
  virtual void logs(daemon::LogLevel /*level*/, std::string_view /*event*/,
                    daemon::LogFields /*fields*/) {}
  // What it keeps beyond its life, and its loop; null: none that others ask for.
  [[nodiscard]] virtual Disk* disk() { return nullptr; }
  [[nodiscard]] virtual nats::Loop* loop() { return nullptr; }

 protected:
  virtual void begin() = 0;  // makes everything that lives as long as the process
  virtual void end() = 0;    // and drops it without a word
  virtual void flush() = 0;  // writes what is buffered
  void switch_off() noexcept { alive_ = false; }  // the world ends

 private:
  void happen(std::uint64_t life, Timeline::Action action);

  Ground& ground_;
  std::string name_;
  Nanos boot_offset_;
  Nanos drift_ppm_;
  Nanos wall_offset_ = 0;
  bool alive_ = false;
  bool frozen_ = false;
  std::uint64_t life_ = 0;
  std::uint64_t freezes_ = 0;
  std::vector<Timeline::Action> waiting_;  // what came while it was frozen
};

}  // namespace estop::sim
