// SPDX-License-Identifier: Apache-2.0

// One instance of the campaign: a letter to each customer of its part, through stops and resumes.
//
// Threads: run() is the caller's; answers come on the agent's callback thread and stop orders on
// its stop thread. One mutex guards what they share; nothing blocks while it is held.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent-runtime/examples/incident/agent/journal.h"
#include "agent-runtime/examples/incident/core/customers.h"
#include "agent-runtime/examples/incident/core/letter.h"
#include "agent-runtime/examples/incident/core/progress.h"
#include "estop/agent.h"

namespace estop::incident {

struct CampaignOptions {
  std::vector<Customer> part;  // this instance's customers
  std::string template_path;   // read at the start of every life
  std::string key;             // of its checkpoint
  std::uint32_t window = 8;    // letters under way at once
};

class Campaign {
 public:
  // `agent` and `journal` must outlive it; leave() the agent before this is destroyed.
  Campaign(Agent& agent, Journal& journal, CampaignOptions options);

  // Works until `quit`, also through stops, and stands by when every letter is out. Journal:
  // ready, stopped, resumed, complete. An error: it cannot go on (credential revoked, no template).
  Result<void> run(const std::stop_token& quit);

 private:
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  Result<void> begin_life(const std::stop_token& quit);
  void work(const std::stop_token& quit);
  void request_more();
  void answered(std::size_t row, const Result<Bytes>& answer);
  void stopped();
  Result<void> rest(const std::stop_token& quit);
  [[nodiscard]] bool save_is_due() const;
  void save(Lock& lock);

  Agent& agent_;
  Journal& journal_;
  const CampaignOptions options_;
  std::mutex saving_;  // one checkpoint at a time; taken before mutex_

  std::mutex mutex_;  // what follows
  std::condition_variable_any changed_;
  std::optional<Template> template_;
  std::optional<Progress> progress_;        // of this life
  std::map<std::size_t, unsigned> doubts_;  // per row: how often its end was ambiguous
  std::size_t unsaved_ = 0;                 // rows settled since the last checkpoint
  Clock::time_point saved_at_;
  Clock::time_point not_before_;  // after a failure: when to ask again
  bool told_complete_ = false;
};

}  // namespace estop::incident
