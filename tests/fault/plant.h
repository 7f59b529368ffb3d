// SPDX-License-Identifier: Apache-2.0

// A whole Estop that can be broken anywhere: the real broker, estop-control and two estop-bridges,
// each link through a proxy if wished, an operator who notes what he was told, and a crowd.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include "tests/fault/crowd.h"
#include "tests/integration/control/site.h"
#include "tests/support/tcp_proxy.h"

namespace estop::testing {

// Between the broker and whom.
enum class Line { kBridgeAgents, kBridgeControl, kControlAgents, kControlControl, kAgents };

class Plant {
 public:
  static constexpr int kBridges = 2;
  static constexpr int kLease_ms = 1'000;
  static constexpr double kLoad_per_s = 10'000;  // intents, where the case does not say else
  static constexpr std::chrono::milliseconds kHeals{30'000};  // on a busy machine

  // kAnyAddress: the broker listens everywhere; for a network namespace of one's own.
  enum class Wiring { kDirect, kProxies, kAnyAddress };
  explicit Plant(Wiring wiring = Wiring::kDirect);

  // Control leads, the bridges are open, six agents in two orgs are there. Throws with their logs.
  void start();
  void start_others();  // the same, when bridge 0 was started before
  void start_bridge(int which);
  void start_twin();  // a second process with the id and the credentials of bridge 0
  [[nodiscard]] bool is_open(int which);  // now
  [[nodiscard]] bool twin_is_open();      // now
  [[nodiscard]] bool all_open();          // waits
  [[nodiscard]] bool all_closed();        // waits
  // Waits until intents flow again: so many more deliveries than now.
  [[nodiscard]] bool flows(std::uint64_t more = 500);
  [[nodiscard]] std::string logs() const;

  // --- The operator: gives an order and notes when he was told what ---
  struct Order {
    std::size_t stop = 0;  // in crowd.history.stops
    std::string error;     // its name
    Json fenced;           // the answer that completed the stage
    Json last;             // the newest answer
    bool done = false;
    bool silent = false;  // nobody answered
  };
  using Given = std::shared_ptr<Order>;
  Given kill(const std::string& scope, int timeout_ms = 20'000);
  Given resume(std::size_t stop);
  // The same, and waits. False: not fenced, not opened.
  [[nodiscard]] bool fence(const std::string& scope, Given* given = nullptr);
  [[nodiscard]] bool open(std::size_t stop);
  [[nodiscard]] bool lift_all();  // resumes what is still killed, until nothing is
  // A time in which no bridge may be open; to be closed by the second. Begins when the leases of
  // bridges that have just closed are over, so waits for that.
  std::size_t begin_silence();
  void end_silence(std::size_t stop);
  Stop& stop_of(std::size_t stop) { return crowd.history.stops.at(stop); }

  // The line of bridge 0, of control or of all agents; the fault hits that account's link only.
  TcpProxy& line(Line line);

  // What was delivered behind a fence up to now; everybody is asked to read what there is first.
  [[nodiscard]] std::vector<std::string> leaks();
  // Ends the load, asks what is there, and holds it against what was seen. Empty: all is well.
  [[nodiscard]] std::string wrong();

  Site site;
  Crowd crowd;
  std::array<daemon::ChildProcess, kBridges> bridges;
  daemon::ChildProcess twin;
  std::vector<std::string> bridge_runs_in;  // bridge 0: command before its own, and its broker
  std::string bridge_url;

 private:
  void spawn_bridge(daemon::ChildProcess& process, int which, const std::string& files);
  [[nodiscard]] Given order(const std::string& verb, const Json& request, std::size_t stop);
  void hear(Order& order, bool is_kill, const Json& answer);
  [[nodiscard]] Json last_answer(const std::string& verb, const Json& request);  // or throws
  [[nodiscard]] End end();
  void note_incarnations();
  [[nodiscard]] std::string url(const std::unique_ptr<TcpProxy>& proxy) const;
  std::string login(const control::Role& role, control::Account account);

  std::array<std::unique_ptr<TcpProxy>, kBridges> bridge_lines_;
  std::unique_ptr<TcpProxy> control_line_;
  std::unique_ptr<TcpProxy> agents_line_;
  std::uint64_t orders_ = 0;
};

}  // namespace estop::testing
