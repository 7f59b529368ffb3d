// SPDX-License-Identifier: Apache-2.0

// The story: a campaign with a broken link, one command that stops it, a fix, a resume, the proof.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent-runtime/examples/incident/core/customers.h"
#include "agent-runtime/examples/incident/core/verdict.h"
#include "agent-runtime/examples/incident/demo/screen.h"
#include "agent-runtime/examples/incident/demo/stage.h"

namespace estop::incident {

inline constexpr unsigned kMailerThreads = 8;  // mails that can be in flight

struct IncidentOptions {
  std::vector<Customer> customers;     // at least kInstances; customers.csv is in the folder
  std::optional<std::size_t> kill_at;  // mails recorded before the kill; default: a third
  bool crash_one = false;              // kill -9 of the first instance, half-way to the kill
};

class Incident {
 public:
  Incident(IncidentOptions options, Stage& stage, Screen& screen)
      : options_(std::move(options)), stage_(stage), screen_(screen) {}

  // Plays it to the end. An error: it could not be played, which says nothing about the promise.
  Result<Closing> play();

 private:
  Result<void> write_template(std::string_view link);
  Result<void> open();
  Result<void> campaign_until_kill();
  Result<void> crash_one();
  Result<void> kill();
  Result<void> await_fence(Order& order);
  Result<void> await_silence(Order& order);
  void take_stopped(const std::string& answer);
  Result<void> resume();
  Result<void> finish();
  Result<void> verify_audit();
  Result<void> count();
  [[nodiscard]] std::size_t kill_at() const;
  [[nodiscard]] bool all_complete() const;  // of those that are alive
  void show_progress();

  IncidentOptions options_;
  Stage& stage_;
  Screen& screen_;
  Closing closing_;
  Moments moments_;
  bool crashed_ = false;
};

}  // namespace estop::incident
