// SPDX-License-Identifier: Apache-2.0

// Every metric of Estop: name, meaning, kind. Prometheus naming: base units, `_total` for counters.
#pragma once

#include <array>
#include <cstdint>

namespace estop::daemon {

enum class MetricKind : std::uint8_t { kCounter, kGauge, kHistogram };

struct Metric {
  const char* name;
  MetricKind kind;
  const char* help;
};

namespace metric {

using enum MetricKind;

// Every part. Labels: part, version. Value 1.
inline constexpr Metric kBuildInfo{"estop_build_info", kGauge, "Part and version that run"};

// estop-bridge.
inline constexpr Metric kBridgeForwarded{"estop_bridge_intents_forwarded_total", kCounter,
                                         "Intents that passed the gate"};
// Label: reason (name of the error code).
inline constexpr Metric kBridgeRefused{"estop_bridge_intents_refused_total", kCounter,
                                       "Intents that the gate refused"};
inline constexpr Metric kBridgeAfterFence{"estop_bridge_after_fence_total", kCounter,
                                          "Contradictions of the gate, refused: must stay 0"};
inline constexpr Metric kBridgeLease{"estop_bridge_lease_remaining_seconds", kGauge,
                                     "Time until this bridge closes without word from control"};
inline constexpr Metric kBridgeState{"estop_bridge_state", kGauge,
                                     "0 starting, 1 replaying, 2 joining, 3 open, 4 closed"};
inline constexpr Metric kBridgeKillLatch{"estop_bridge_kill_latch_seconds", kHistogram,
                                         "From reading a kill to its receipt being written"};
inline constexpr Metric kBridgeIgnoredReplies{"estop_bridge_ignored_replies_total", kCounter,
                                              "Reply subjects outside the asker's own inbox"};
// Label: what (beat, receipt, latched, refusal).
inline constexpr Metric kBridgeUnsent{
    "estop_bridge_unsent_total", kCounter,
    "Messages that were not sent: no connection, too much unsent, or too large"};
inline constexpr Metric kBridgeBadFrames{"estop_bridge_bad_frames_total", kCounter,
                                         "Control frames that were not valid or not signed"};
inline constexpr Metric kBridgeLogHead{"estop_bridge_log_head", kGauge,
                                       "Sequence of the newest applied record"};
inline constexpr Metric kBridgeKills{"estop_bridge_kills", kGauge, "Scopes that are latched"};
inline constexpr Metric kBridgeAddresses{"estop_bridge_addresses", kGauge,
                                         "Addresses and scopes in the gate"};

// estop-control.
inline constexpr Metric kControlKills{"estop_control_kills_total", kCounter, "Kills ordered"};
inline constexpr Metric kControlResumes{"estop_control_resumes_total", kCounter,
                                        "Resumes committed"};
// Label: error (name of the error code).
inline constexpr Metric kControlRefusedCommands{"estop_control_commands_refused_total", kCounter,
                                                "Commands that were refused"};
inline constexpr Metric kControlFence{"estop_control_fence_seconds", kHistogram,
                                      "From accepting a kill to its fence"};
inline constexpr Metric kControlStop{"estop_control_stop_seconds", kHistogram,
                                     "From accepting a kill to the last instance's receipt"};
inline constexpr Metric kControlLogHead{"estop_control_log_head", kGauge,
                                        "Sequence of the newest committed record"};
inline constexpr Metric kControlBridges{"estop_control_bridges", kGauge,
                                        "Bridges that joined and were heard within the lease"};
// Label: state (unknown, healthy, stale, crashed, left, killed).
inline constexpr Metric kControlAgents{"estop_control_agents", kGauge, "Instances by state"};
inline constexpr Metric kControlBadFrames{"estop_control_bad_frames_total", kCounter,
                                          "Beats, receipts and requests that were not valid"};
// Label: what (answer, agent-reply, log-read, order, record, lease, event).
inline constexpr Metric kControlUnsent{
    "estop_control_unsent_total", kCounter,
    "Messages that were not sent: no connection, too much unsent, or too large"};
// Label: what (hello, beat, stopped, store).
inline constexpr Metric kControlAgentDropped{
    "estop_control_agent_messages_dropped_total", kCounter,
    "Messages of agents that were over their budget, and were not read"};
inline constexpr Metric kRecorderHealthy{"estop_control_recorder_healthy", kGauge,
                                         "1 if the last write succeeded"};
inline constexpr Metric kRecorderQueue{"estop_control_recorder_queue", kGauge,
                                       "Writes that wait for a commit"};
inline constexpr Metric kRecorderCommits{"estop_control_recorder_commits_total", kCounter,
                                         "Commits of the recorder"};
inline constexpr Metric kRecorderCommitSeconds{"estop_control_recorder_commit_seconds_total",
                                               kCounter, "Time spent in commits"};
inline constexpr Metric kRecorderFailures{"estop_control_recorder_failures_total", kCounter,
                                          "Writes that failed"};
inline constexpr Metric kAuditHead{"estop_control_audit_head", kGauge,
                                   "Number of the newest audit row"};

inline constexpr std::array kAll{
    kBuildInfo,        kBridgeForwarded,  kBridgeRefused,   kBridgeAfterFence,
    kBridgeLease,      kBridgeState,      kBridgeKillLatch, kBridgeIgnoredReplies,
    kBridgeUnsent,     kBridgeBadFrames,  kBridgeLogHead,   kBridgeKills,
    kBridgeAddresses,  kControlKills,     kControlResumes,  kControlRefusedCommands,
    kControlFence,     kControlStop,      kControlLogHead,  kControlBridges,
    kControlAgents,    kControlBadFrames, kControlUnsent,   kControlAgentDropped,
    kRecorderHealthy,  kRecorderQueue,    kRecorderCommits, kRecorderCommitSeconds,
    kRecorderFailures, kAuditHead};

}  // namespace metric
}  // namespace estop::daemon
