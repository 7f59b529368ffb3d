// SPDX-License-Identifier: Apache-2.0

// Contact with control: connection, hellos, beats, and the lease that their answers carry.
//
// The lease runs from the sending of the beat that was answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "agent-runtime/core/obedience_types.h"
#include "schemas/limits.h"

namespace estop::agent {

struct ContactConfig {
  BootTime hello_jitter{};  // of this instance: spreads a fleet that resumes at once
  BootTime hello_retry{1'000'000'000};
  // After so many hellos and beats in a row without any answer the connection is made anew. The
  // number doubles each time up to the second one, because the silence may be control's own.
  std::uint64_t unanswered_max = 3;
  std::uint64_t unanswered_most = 48;
};

class Contact {
 public:
  explicit Contact(const ContactConfig& config) : config_(config) {}

  void connect(BootTime hello_at, BootTime now);
  void on(const Disconnected&) { connected_ = false; }
  void end();  // for good: sends nothing any more

  // A hello or beat had an answer, or none at all. The second function returns the number of those
  // without an answer when it is time for another connection.
  void answered();
  [[nodiscard]] std::optional<std::uint64_t> unanswered();

  void announce_anew(BootTime at);
  [[nodiscard]] bool is_newest(const HelloAnswered& event) const;
  void announced(const HelloAnswered& event, BootTime now);
  // Returns when the beat was sent, if it waits for its answer; then no earlier beat waits any
  // more.
  [[nodiscard]] std::optional<BootTime> take_beat(std::uint64_t nonce);
  [[nodiscard]] bool is_since_hello(std::uint64_t nonce) const noexcept {
    return announced_ && nonce > nonce_at_hello_;
  }
  void confirm(BootTime now);  // a beat after the newest hello was answered
  void hurry(BootTime now);    // a beat, if none waits for its answer

  // The time until which the lease holds now; nullopt: a beat of that time gives no lease any more.
  [[nodiscard]] std::optional<BootTime> renew(BootTime asked_at, BootTime now);
  [[nodiscard]] bool lapse(BootTime now);  // true: it held, and is over

  void send_due(BootTime now, bool stopped, Effects& out);
  [[nodiscard]] std::optional<BootTime> next_deadline() const;

  [[nodiscard]] bool is_connected() const noexcept { return connected_; }
  [[nodiscard]] bool has_lease() const noexcept { return leased_; }
  [[nodiscard]] bool is_announced() const noexcept { return announced_; }
  [[nodiscard]] bool is_confirmed() const noexcept { return confirmed_; }
  [[nodiscard]] std::uint64_t hello() const noexcept { return hello_; }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return incarnation_; }

 private:
  const ContactConfig config_;
  bool connected_ = false;
  bool ended_ = false;
  bool leased_ = false;
  bool announced_ = false;            // the newest hello was answered
  bool confirmed_ = false;            // and a beat after it
  std::uint64_t hello_ = 0;           // number of the newest sent
  std::uint64_t hello_answered_ = 0;  // number of the newest answered
  BootTime hello_at_{};
  std::uint64_t incarnation_ = 0;  // as the newest hello's answer has it
  std::uint64_t nonce_ = 0;
  std::uint64_t nonce_at_hello_ = 0;
  std::map<std::uint64_t, BootTime> beats_;  // sent and not answered
  BootTime beat_at_{};
  BootTime beat_every_{std::chrono::milliseconds{schemas::kAgentBeat_ms}};
  BootTime lease_{std::chrono::milliseconds{schemas::kAgentLease_ms}};
  BootTime lease_until_{};
  std::uint64_t unanswered_ = 0;  // in a row, on this connection
  std::uint64_t patience_ = 0;    // how many of them are tolerated; 0: as configured
};

}  // namespace estop::agent
