// SPDX-License-Identifier: Apache-2.0

// Agents that never rest: each sends to the others, whether it may or not, reads all that it is
// given, and saves its work. They obey nothing: what stops them is Estop. All on the site's loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>  // before Asio 1.74, which uses std::exchange without it
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "tests/fault/history.h"
#include "tests/integration/control/site.h"

namespace estop::testing {

class Crowd {
 public:
  static constexpr std::size_t kPayload_bytes = 128;

  explicit Crowd(Site& site) : site_(site), timer_(site.loop) {}
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Makes the party known; only who joins() takes part.
  std::uint32_t party(const std::string& address, const std::string& instance);
  // Waits for control's answer to the hello.
  void join(const std::string& address, const std::string& instance);
  [[nodiscard]] Player& player(const std::string& address);  // its first instance
  // Gets one of four intents besides; it reads and notes by itself.
  void also_to(const std::string& address, std::size_t payload_bytes = kPayload_bytes);
  // Sends so many a second, all together, from all to all, while the loop runs.
  void drive(double intents_per_s);
  void rest() { rate_ = 0; }
  // A new mark to every receiver. What they read behind it was routed behind it.
  std::uint64_t send_mark();
  // All members have read everything up to a mark that is sent now.
  [[nodiscard]] bool settle(std::chrono::milliseconds patience = kPatience);
  void save_work();  // each address: a checkpoint and an effect; what is acknowledged is noted
  // The resume that gave it, as the members were told; 0: they were not.
  [[nodiscard]] std::uint64_t incarnation_of_resume(const std::string& killed_op_id) const;

  History history;
  std::uint64_t sent = 0;
  std::uint64_t refused = 0;
  [[nodiscard]] std::uint64_t delivered() const { return history.deliveries.size(); }

 private:
  struct Member {
    Player* player = nullptr;
    std::uint32_t party = 0;
    std::uint64_t incarnation = 0;
    std::uint64_t numbered = 0;
    std::uint64_t mark = 0;
    std::size_t orders_seen = 0;
    std::int64_t hello_ns = 0;  // sent last
    bool needs_hello = false;
    std::uint64_t version = 0;  // of its checkpoint
    std::uint64_t effects = 0;
    bool is_saving = false;
  };

  void turn();
  struct Other {
    schemas::Address address;
    std::size_t payload_bytes = 0;
  };
  void send(Member& from, const schemas::Address& to, std::size_t payload_bytes);
  void take(Member& to, const nats::MessageView& message);
  void read_inbox(Member& member, const nats::MessageView& message);
  void say_hello(Member& member);
  void save_checkpoint(Member& member);
  void save_effect(Member& member);
  using Answer = std::function<void(const schemas::StoreReply&)>;
  void store(Member& member, const schemas::StoreRequest& request, const Answer& answer);

  Site& site_;
  boost::asio::steady_timer timer_;
  std::vector<std::unique_ptr<Member>> members_;
  std::map<std::string, std::uint32_t, std::less<>> parties_;  // by instance
  std::vector<Other> others_;
  std::unique_ptr<nats::Connection> marker_;
  std::uint64_t mark_ = 0;
  double rate_ = 0;
  bool runs_ = false;
  std::int64_t paid_ns_ = 0;  // intents are sent for the time up to here
  std::uint64_t turns_ = 0;
};

}  // namespace estop::testing
