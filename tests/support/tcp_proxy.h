// SPDX-License-Identifier: Apache-2.0

// A network between two loopback ports that can be slow, silent or cut.
//
// Runs on a thread of its own; all methods may be called from the test's thread at any time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace estop::testing {

class TcpProxy {
 public:
  enum class Way { kToServer, kToClient, kBoth };

  explicit TcpProxy(int server_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] int port() const;  // clients connect here

  // From now on all below concerns only clients whose first bytes hold this text; a NATS client's
  // hold its credential. The others pass freely. Empty: everybody.
  void only(std::string text);

  void delay(std::chrono::milliseconds each_way);  // of what is read from now on
  // Bytes stop here, connections stay: a partition as TCP sees it. New connections hang too.
  void pause(Way way = Way::kBoth);
  void resume();  // what was held goes on
  // The clients of today's connections are cut off at once. What they had sent stays here, and goes
  // on to the server after `hold`. New connections pass.
  void cut_off_clients(std::chrono::milliseconds hold);
  // Of the connections that are there now, this way stands still for good. New ones pass.
  void stall(Way way);
  void cut();  // closes every connection and new ones as soon as they say who they are
  void reopen();
  // Once: closes the next connection whose way to the client holds `text`, right behind it.
  void cut_behind(std::string text);
  [[nodiscard]] int connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::testing
