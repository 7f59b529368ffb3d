// SPDX-License-Identifier: Apache-2.0

// A broker, the real estop-bridge, agents, and a control that the test plays by hand; all of the
// test's side on one loop.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/io_context.hpp>

#include "broker-bridge/daemon/process.h"
#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/connection.h"
#include "broker-bridge/nats/jetstream.h"
#include "control/app/log_desk.h"
#include "control/auth/auth.h"
#include "schemas/order.h"
#include "tests/support/broker.h"
#include "tests/support/wait_until.h"
#include "tests/unit/bridge/written_log.h"

namespace estop::testing {

// One agent of the test: what it sends, and what it gets.
struct Actor {
  schemas::Address address;
  schemas::Instance instance;
  std::unique_ptr<nats::Connection> connection;
  std::uint64_t delivered = 0;
  std::uint64_t markers = 0;           // of Stage::settle
  std::deque<nats::Headers> refusals;  // code, sentence, number
};

class Stage {
 public:
  static constexpr int kBeat_ms = 50;
  static constexpr int kLease_ms = 1'500;

  // `payload_max` 0: as broker_config() says.
  explicit Stage(std::size_t payload_max = 0);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // Runs the loop until `condition()`; false when patience is over.
  template <class Condition>
  [[nodiscard]] bool until(Condition&& condition, std::chrono::milliseconds patience = kPatience) {
    return wait_until(
        [&] {
          loop.poll();
          return condition();
        },
        patience);
  }
  // The broker has read what the actors sent before this, and they have what it had for them then.
  void settle();

  void start_bridge();
  [[nodiscard]] bool opens();  // grants until the bridge is ready
  [[nodiscard]] std::string bridge_log();
  [[nodiscard]] std::string page(const char* path);  // of the bridge's HTTP; the whole answer
  [[nodiscard]] bool hears_intents();                // the broker knows its subscription

  Actor& actor(std::string_view address);
  void send(Actor& from, const Actor& to, int count = 1, std::uint64_t incarnation = 0,
            const schemas::Subject& reply = {});

  // Publishes a record of `log` as control does: on the log, captured by the stream; the head
  // follows when it is stored.
  void publish(const schemas::SignedRecord& record);
  [[nodiscard]] bool committed();
  // A kill that operator alice signs with a credential of `keys`.
  static schemas::SignedOrder order(const control::Keyring& keys, const std::string& scope,
                                    const std::string& op_id);
  void emergency(const schemas::SignedOrder& order);  // as she sends it

  std::string folder(std::string_view name) const { return broker->folder().file(name); }

  boost::asio::io_context loop{1};
  nats::AsioLoop on_loop{loop};
  control::Keyring keys = control::Keyring::generate();
  std::unique_ptr<Broker> broker;
  std::unique_ptr<nats::Connection> control;
  std::unique_ptr<nats::Connection> ear;
  std::unique_ptr<nats::JetStream> stream;
  std::unique_ptr<control::LogDesk> log_desk;  // what the bridge reads
  bridge::WrittenLog log;
  schemas::Head head;  // committed
  int lease_ms = kLease_ms;
  bool granting = true;  // answers beats with lease frames
  std::vector<schemas::BridgeBeat> beats;
  std::vector<schemas::BridgeReceipt> receipts;
  daemon::ChildProcess bridge;

 private:
  std::string creds(const control::Role& role, control::Account account, const std::string& name);
  std::unique_ptr<nats::Connection> connect(const std::string& creds_file, schemas::Subject inbox);
  void hear_beat(const schemas::BridgeBeat& beat);

  TempDir secrets_;
  std::uint64_t hellos_ = 0;
  std::map<std::string, std::unique_ptr<Actor>> actors_;
};

}  // namespace estop::testing
