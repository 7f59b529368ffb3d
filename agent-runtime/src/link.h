// SPDX-License-Identifier: Apache-2.0

// The one connection, on the I/O thread: everything that touches the broker happens here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent-runtime/core/obedience_types.h"
#include "agent-runtime/src/answer.h"
#include "agent-runtime/src/io_thread.h"
#include "broker-bridge/nats/connection.h"
#include "estop/agent_types.h"

namespace estop::agent {

inline constexpr const char* kLeft = "this agent has left";

struct Identity {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Process process;
  schemas::Subjects subjects;
  std::string host = {};  // shown to operators
  std::uint64_t pid = 0;
};

class Link {
 public:
  // `tick` is called on the I/O thread at or soon after the time asked for with wake_at.
  Link(Identity identity, nats::ConnectOptions options, nats::ConnectionEvents events,
       std::function<void()> tick);
  ~Link();  // stop()
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] Result<void> connect();  // before start(); blocks up to the connect timeout
  void start();
  [[nodiscard]] bool started() const { return thread_.has_started(); }
  // Ends loop, thread and connection. Work that post() took still runs, here, and a caller that
  // waits in ask() gets kNoContact. Not on the I/O thread.
  void stop();

  // From any thread.
  [[nodiscard]] const nats::Loop& loop() const noexcept { return loop_; }
  [[nodiscard]] BootTime now() const { return BootTime{loop_.now()}; }
  // From any thread. True: `work` runs, exactly once. False: stopped, it never will.
  bool post(std::function<void()> work);
  // From any other thread: asks and waits. kTimeout, kNoContact.
  [[nodiscard]] Result<Bytes> ask(schemas::Subject subject, Bytes request, Millis timeout);

  // On the I/O thread only.
  [[nodiscard]] nats::Connection& connection() { return *connection_; }
  // Why the connection did not take a message of so many bytes.
  [[nodiscard]] Error refusal(std::size_t bytes) const;
  void wake_at(BootTime at);  // an earlier wish stays

 private:
  void arm();

  const Identity identity_;
  const std::function<void()> tick_;
  IoThread thread_;
  nats::Loop& loop_;
  nats::Loop::Timer timer_;
  std::unique_ptr<nats::Connection> connection_;
  std::optional<BootTime> wake_;
  std::set<std::shared_ptr<Answer<Bytes>>> asked_;  // callers that wait in ask(); on the I/O thread
  std::mutex post_mutex_;                           // nothing is posted behind stop()'s back
  std::atomic<bool> stopped_{false};
};

}  // namespace estop::agent
