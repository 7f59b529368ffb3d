// SPDX-License-Identifier: Apache-2.0
#include "control/app/control_metrics.h"

#include <string>

namespace estop::control {

namespace metric = daemon::metric;
using schemas::AgentState;

ControlMetrics::ControlMetrics()
    : kills_(metrics_.counter(metric::kControlKills)),
      resumes_(metrics_.counter(metric::kControlResumes)),
      bad_frames_(metrics_.counter(metric::kControlBadFrames)),
      commits_(metrics_.counter(metric::kRecorderCommits)),
      commit_seconds_(metrics_.counter(metric::kRecorderCommitSeconds)),
      failures_(metrics_.counter(metric::kRecorderFailures)),
      log_head_(metrics_.gauge(metric::kControlLogHead)),
      bridges_(metrics_.gauge(metric::kControlBridges)),
      healthy_(metrics_.gauge(metric::kRecorderHealthy)),
      queue_(metrics_.gauge(metric::kRecorderQueue)),
      audit_head_(metrics_.gauge(metric::kAuditHead)),
      fence_(metrics_.histogram(metric::kControlFence)),
      stop_(metrics_.histogram(metric::kControlStop)),
      refused_(metrics_.counters_of_errors(metric::kControlRefusedCommands, "error")) {
  for (const Unsent what : kUnsent) {
    (void)metrics_.counter(metric::kControlUnsent, {{"what", std::string(name(what))}});
  }
  for (const AgentSays what : kAgentSays) {
    (void)metrics_.counter(metric::kControlAgentDropped, {{"what", std::string(name(what))}});
  }
}

std::string_view name(Unsent what) noexcept {
  switch (what) {
    case Unsent::kAnswer:
      return "answer";
    case Unsent::kAgentReply:
      return "agent-reply";
    case Unsent::kLogRead:
      return "log-read";
    case Unsent::kOrder:
      return "order";
    case Unsent::kRecord:
      return "record";
    case Unsent::kLease:
      return "lease";
    case Unsent::kEvent:
      return "event";
  }
  return "unknown";
}

void ControlMetrics::agent_dropped(AgentSays what) {
  metrics_.counter(metric::kControlAgentDropped, {{"what", std::string(name(what))}}).add();
}

void ControlMetrics::unsent(Unsent what) {
  metrics_.counter(metric::kControlUnsent, {{"what", std::string(name(what))}}).add();
}

void ControlMetrics::timed(Stage stage, double seconds) {
  if (stage == Stage::kFenced) fence_.observe(seconds);
  if (stage == Stage::kStopped) stop_.observe(seconds);
}

std::string ControlMetrics::text(const ControlCore& core, const Recorder& recorder,
                                 std::uint64_t now_us) {
  kills_.raise_to(static_cast<double>(core.counters().kills));
  resumes_.raise_to(static_cast<double>(core.counters().resumes));
  for (const auto& [error, count] : core.counters().commands_refused) {
    refused_.at(error).raise_to(static_cast<double>(count));
  }
  log_head_.set(static_cast<double>(core.ledger().head().seq));
  bridges_.set(static_cast<double>(core.roster().maybe_open(now_us)));
  std::map<AgentState, std::size_t> agents;
  for (const AgentInstance* instance : core.registry().covered_by(schemas::Scope::fleet())) {
    const auto& stored = instance->stored;
    const bool killed =
        !core.ledger().latches().covering(stored.address, stored.instance.text()).empty();
    ++agents[killed ? AgentState::kKilled : core.registry().health(*instance, now_us)];
  }
  for (const AgentState state : {AgentState::kUnknown, AgentState::kHealthy, AgentState::kStale,
                                 AgentState::kCrashed, AgentState::kLeft, AgentState::kKilled}) {
    metrics_.gauge(metric::kControlAgents, {{"state", std::string(name(state))}})
        .set(static_cast<double>(agents[state]));
  }
  const RecorderStats stats = recorder.stats();
  commits_.raise_to(static_cast<double>(stats.commits));
  commit_seconds_.raise_to(stats.commit_seconds_total);
  failures_.raise_to(static_cast<double>(stats.failures));
  queue_.set(static_cast<double>(stats.queued));
  audit_head_.set(static_cast<double>(stats.audit_head));
  healthy_.set(recorder.healthy() ? 1 : 0);
  return metrics_.text();
}

}  // namespace estop::control
