// SPDX-License-Identifier: Apache-2.0

// A real nats-server of one test: own folder, own port, dead when the test is.
#pragma once

#include <chrono>
#include <string>

#include "broker-bridge/daemon/process.h"
#include "tests/support/temp_dir.h"

namespace estop::testing {

class Broker {
 public:
  struct Options {
    std::string config;      // nats-server configuration text; port and ports folder are ours
    bool jetstream = false;  // without `config`: the anonymous account gets JetStream
    // Where it listens. Another one only in a network namespace of one's own; it must have the
    // loopback, too.
    std::string address = "127.0.0.1";
  };

  Broker() : Broker(Options{}) {}
  // Ready when it returns; throws std::runtime_error with the broker's log.
  explicit Broker(Options options);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  [[nodiscard]] const std::string& url() const noexcept { return url_; }  // nats://127.0.0.1:…
  [[nodiscard]] const std::string& monitor_url() const noexcept { return monitor_url_; }
  [[nodiscard]] int port() const;
  [[nodiscard]] int monitor_port() const;
  [[nodiscard]] const TempDir& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string log() const;

  void stop();              // SIGTERM, waits
  void kill();              // SIGKILL, waits
  void restart();           // after stop() or kill(): same port, same store
  void signal(int number);  // SIGSTOP (returns when it has stopped), SIGCONT, SIGHUP

  // The monitor's answer to GET `path` ("/connz"), its body; empty if it does not answer.
  [[nodiscard]] std::string monitor(const std::string& path) const;

 private:
  void start();
  [[nodiscard]] bool read_ports();

  TempDir folder_;
  Options options_;
  std::string url_;
  std::string monitor_url_;
  daemon::ChildProcess process_;
};

}  // namespace estop::testing
