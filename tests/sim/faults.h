// SPDX-License-Identifier: Apache-2.0

// What goes wrong, and when. Each seed chooses which kinds of faults it knows and how often they
// strike, so that some runs see one kind only and others all at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace estop::sim {

// No single fault lasts longer.
inline constexpr Nanos kFaultMost = 12 * kSecond;

class Faults {
 public:
  explicit Faults(World& world);
  // No new ones; what runs ends by itself within kFaultMost.
  void stop();

 private:
  struct Kind {
    const char* name;
    void (Faults::*strike)();
  };
  static const std::vector<Kind>& kinds();
  void choose_weather();
  void strike_later(const Kind& kind, Nanos every);
  [[nodiscard]] Nanos a_while();  // short ones are as likely as long ones
  Process& any_process();

  void kill_control();
  void kill_bridge();
  void kill_agent();
  void freeze_control();
  void freeze_bridge();
  void freeze_agent();
  void stop_bridge();
  void cut_link();
  void cut_one_way();
  void cut_control_off();
  void restart_control_without_a_bridge();
  void misplace_subscription();
  void stall_agent();
  void restart_broker();
  void lose_power();
  void lose_stream();
  void upset_stream();
  void fill_disk();
  void jump_wall_clock();
  void speak_of_the_future();
  void repeat_old_lease();
  void forge();

  World& world_;
  Ground& ground_;
  bool stopped_ = false;
};

}  // namespace estop::sim
