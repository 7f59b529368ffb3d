// SPDX-License-Identifier: Apache-2.0

// One event that is being handled: its instant, and its effects.
//
// The modules of the core write into it in the order in which the shell has to act. It lives for
// one call of ControlCore::handle and is not kept.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "control/core/core_options.h"
#include "control/core/effects.h"
#include "control/core/facts.h"

namespace estop::control {

// The raised alarms, by kind and subject: each once a minute at most, then forgotten.
class AlarmsTold {
 public:
  // True, and counts as raised from now on; false: it was raised less than a minute ago.
  bool is_due(const std::string& kind, const std::string& subject, std::uint64_t now_us);
  void forget_old(std::uint64_t now_us);

 private:
  std::map<std::string, std::uint64_t> told_;  // when
};

class Turn {
 public:
  // `told` and `counters` outlive it.
  Turn(Now instant, AlarmsTold& told, CoreCounters& counted)
      : now(instant), counters(counted), told_(told) {}

  // Writes a decision into the audit, and from there to the live feed.
  void note(AuditLine line);
  // Publishes to the live feed alone.
  void publish(FeedLine line);
  void answer(const Asker& asker, Reply reply);
  // Something that a person has to look at. `subject` may be empty: then it concerns no single
  // part.
  void alarm(const std::string& kind, const std::string& subject, const std::string& detail);
  // Ends a command that control refuses, with the error.
  void refuse(const CommandReceived& asked, const schemas::Error& error);

  // Passes the fact to the modules that listen to it, after the module that tells it.
  void tell(Fact fact) { facts_.push_back(std::move(fact)); }
  // The oldest fact that was not passed on yet.
  [[nodiscard]] std::optional<Fact> next_fact();

  const Now now;
  Effects out;
  CoreCounters& counters;

 private:
  AlarmsTold& told_;
  std::deque<Fact> facts_;
};

}  // namespace estop::control
