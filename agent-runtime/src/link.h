// The I/O thread, its loop and the one connection: everything that touches the broker happens here.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "agent-runtime/core/obedience_types.h"
#include "broker-bridge/nats/connection.h"
#include "estop/agent_types.h"

namespace estop::agent {

struct Identity {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Subjects subjects;
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
  [[nodiscard]] bool started() const { return thread_.joinable(); }
  void
  stop();  // ends loop, thread and connection; what was posted still runs. Not on the I/O thread

  void post(std::function<void()> work);  // from any thread; ignored after stop()
  // From any other thread: asks and waits. kTimeout, kNoContact.
  [[nodiscard]] Result<Bytes> ask(schemas::Subject subject, Bytes request, Millis timeout);

  // On the I/O thread only.
  [[nodiscard]] nats::Connection& connection() { return *connection_; }
  void wake_at(BootTime at);  // an earlier wish stays

 private:
  class Loop;
  void arm();

  const Identity identity_;
  const std::function<void()> tick_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<nats::Connection> connection_;
  std::optional<BootTime> wake_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace estop::agent
