// SPDX-License-Identifier: Apache-2.0

// A broker, the real estop-control and estop-bridge, an operator and agents played by the test; the
// test's side is on one loop.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/daemon/process.h"
#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/connection.h"
#include "control/auth/auth.h"
#include "schemas/codec.h"
#include "tests/support/broker.h"
#include "tests/support/certificates.h"
#include "tests/support/wait_until.h"

namespace estop::testing {

using Json = nlohmann::json;

// One instance of an agent: says hello, beats when told, and confirms kills if it is obedient.
struct Player {
  schemas::Address address;
  schemas::Instance instance;
  schemas::Process process = schemas::process_from(std::random_device{}());
  schemas::SigningKey key = schemas::SigningKey::generate(schemas::KeyRole::kUser);
  std::unique_ptr<nats::Connection> connection;
  schemas::HelloReply hello;
  std::vector<schemas::Record> orders;  // what it was told
  bool is_frozen = false;               // confirms nothing
};

// The stream of answers to one command.
struct Order {
  std::vector<Json> answers;
  bool silent = false;  // nobody answered in time
  [[nodiscard]] bool done() const {
    return silent || (!answers.empty() && answers.back().value("done", false));
  }
  [[nodiscard]] Json stage(const std::string& name) const;  // the newest; null: none
  [[nodiscard]] std::string error() const;                  // name; empty: none
};

class Site {
 public:
  // Everything over TLS, if certificates are given; they must outlive it.
  explicit Site(const Certificates* tls = nullptr, const std::string& address = "127.0.0.1");
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  template <class Condition>
  [[nodiscard]] bool until(Condition&& condition, std::chrono::milliseconds patience = kPatience) {
    return wait_until(
        [&] {
          loop.poll();
          return condition();
        },
        patience);
  }

  void start_control();  // does not wait; see leads()
  void start_bridge();   // does not wait; see is_open()
  // One more, or another one; does not wait. `files`: how its log and its ready file are named.
  [[nodiscard]] daemon::ChildProcess spawn_bridge(const std::string& id, const std::string& files);
  [[nodiscard]] bool leads();
  [[nodiscard]] bool is_open(const char* files = "bridge");
  [[nodiscard]] bool answers();  // control hears operators
  [[nodiscard]] std::string page(const char* part, const char* path);
  [[nodiscard]] int http_port(const char* part) const;  // 0: it does not listen yet
  [[nodiscard]] std::string log(const char* part) const;

  // Sends a command; the answers come in while `until` runs.
  std::shared_ptr<Order> send(const std::string& verb, const Json& request);
  // The same, and waits for the last answer.
  Order ask(const std::string& verb, const Json& request);
  Order kill(const std::string& scope, Json more = Json::object());
  Order resume(const std::string& scope, Json more = Json::object());
  void emergency(const std::string& scope, const std::string& op_id);  // alice's own signed kill
  void emergency(const schemas::Bytes& frame);                         // whatever it is, by her
  [[nodiscard]] std::string operator_creds();                          // alice's, the text
  [[nodiscard]] std::size_t kills_in_force();

  Player& join(const std::string& address, const std::string& instance);  // says hello
  void say_hello(Player& player);
  schemas::StoreReply store(Player& player, schemas::StoreRequest request);
  [[nodiscard]] static control::Role bridge_role();
  // A credential file, made if it is not there.
  std::string creds(const control::Role& role, control::Account account);
  // Waits until it is connected; without a url to the broker itself.
  std::unique_ptr<nats::Connection> connect(const std::string& creds_file, schemas::Subject inbox,
                                            const std::string& url = {});
  bool is_obedient = true;  // players confirm kills

  // All of them restart the broker and wait until the test's own connections are back.
  void restart_broker();
  void turn_jetstream(bool on);
  void lose_stream();

  boost::asio::io_context loop{1};
  nats::AsioLoop on_loop{loop};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy{
      loop.get_executor()};  // also while nobody is connected
  TempDir data;
  const Certificates* tls;
  control::Keyring keys;
  std::unique_ptr<Broker> broker;
  daemon::ChildProcess control;
  daemon::ChildProcess bridge;
  std::unique_ptr<nats::Connection> operator_;
  std::vector<std::string> limits;              // shell text before `exec estop-control`
  std::string control_options;                  // shell text behind all others
  const Certificates* control_pages = nullptr;  // shows this one there; it must outlive control
  std::string control_program;                  // empty: the one that users have
  std::string bridge_program;
  int bridge_lease_ms = 1'000;
  std::string control_url;  // where it finds the broker, and below agents; empty: the broker itself
  std::string agents_url;

 private:
  [[nodiscard]] std::string tls_ca() const;
  void obey(Player& player, std::string_view frame);

  std::vector<std::unique_ptr<Player>> players_;
  std::size_t connections_ = 0;  // made
  int resumes_ = 0;
  std::size_t connects_ = 0;  // events of them
};

}  // namespace estop::testing
