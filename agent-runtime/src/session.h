// SPDX-License-Identifier: Apache-2.0

// One connected agent: hears, asks obedience, does what it says. Agent's private part.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "agent-runtime/core/obedience.h"
#include "agent-runtime/src/answer.h"
#include "agent-runtime/src/identity.h"
#include "agent-runtime/src/intents.h"
#include "agent-runtime/src/link.h"
#include "agent-runtime/src/serial_thread.h"
#include "agent-runtime/src/standing.h"
#include "agent-runtime/src/store.h"

namespace estop::agent {

class Session {
 public:
  // Connected, and answered by control.
  static Result<std::unique_ptr<Session>> open(AgentOptions options);
  // As open() makes it of `options`, which are sound; nothing happens before start().
  Session(AgentOptions options, Identity identity, Keys keys);
  // Connects, blocking, and begins. Control has not answered yet.
  Result<void> start();
  ~Session();  // leave(), to its end. Not on an own thread: see let_go()
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // For Agent: the parts that it speaks to directly.
  [[nodiscard]] const std::string& address_text() const noexcept { return options_.address; }
  [[nodiscard]] Link& link() noexcept { return link_; }
  [[nodiscard]] const Link& link() const noexcept { return link_; }
  [[nodiscard]] const Standing& standing() const noexcept { return standing_; }
  [[nodiscard]] Intents& intents() noexcept { return intents_; }
  [[nodiscard]] const Intents& intents() const noexcept { return intents_; }
  [[nodiscard]] Store& store() noexcept { return store_; }

  void on_stop(std::function<void(const StopOrder&)> callback);
  void on_resume(std::function<void()> callback);
  void on_refused(std::function<void(const Refusal&)> callback);
  void on_error(std::function<void(const Error&)> callback);
  void notify(const SerialThread::Work& work);  // on the callback thread; here, once that ended
  void report(const Report& report);
  [[nodiscard]] AgentStats stats() const;
  // To its end; from one of our own threads it only begins, and another thread ends it.
  void leave();
  // Ends and frees a session, on whatever thread. On one of its own it goes on in the background
  // until that thread's code has returned.
  static void let_go(std::unique_ptr<Session>& session);

 private:
  struct Callbacks {
    std::function<void(const StopOrder&)> stop;
    std::function<void()> resume;
    std::function<void(const Refusal&)> refused;
    std::function<void(const Error&)> error;
  };
  struct Tally {  // of report(), for the beats
    std::atomic<std::uint64_t> succeeded{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<std::uint64_t> latency_total_us{0};
    std::atomic<std::uint64_t> cost_micro_usd{0};
    std::atomic<std::uint64_t> tokens{0};
    std::atomic<std::uint64_t> api_calls{0};
  };

  void tell_stop(const StopOrder& order);  // on the stop thread
  [[nodiscard]] bool is_own_thread() const;
  void begin_leaving();  // once: fails what is under way, stops handlers; does not wait
  void finish_leaving();
  void say_goodbye();
  [[nodiscard]] nats::ConnectionEvents connection_events();
  [[nodiscard]] Intents::Hooks intent_hooks();
  [[nodiscard]] ObedienceConfig obedience_config() const;

  // I/O thread.
  void happen(Event event);
  void tick();
  void on_control(const nats::MessageView& view);
  void perform(const RaiseStop& effect);
  void perform(const LowerStop&);
  void perform(const CheckOrder& effect);
  void perform(const StopWork& effect);
  void perform(const StartWork& effect);
  void perform(const RenewLease& effect);
  void perform(const SendHello& effect);
  void perform(const SendBeat& effect);
  void perform(const SendReceipt& effect);
  void perform(const PeerKilled& effect);
  void perform(const PeerResumed& effect);
  void perform(const KeepCheckpoints& effect);
  void perform(const BecomeReady&);
  void perform(const EndSession& effect);
  void perform(const Reconnect& effect);
  void perform(const Alarm& effect);
  [[nodiscard]] schemas::Hello hello(bool goodbye) const;
  [[nodiscard]] StopOrder order_of(const Halt& halt) const;

  // Any thread.
  void unsent(const std::string& what, const Error& why);  // counts and alarms
  void alarm(Error error);
  void notice(SerialThread::Work work);  // left out and counted if too many wait
  [[nodiscard]] Callbacks callbacks() const;

  const AgentOptions options_;
  const Keys keys_;
  Tally tally_;
  mutable std::mutex callbacks_mutex_;
  Callbacks callbacks_;
  std::atomic<std::uint64_t> bad_signatures_{0};
  std::atomic<std::uint64_t> unsent_{0};
  std::atomic<std::uint64_t> notices_dropped_{0};
  std::atomic<bool> leaving_{false};
  std::once_flag left_;
  const std::shared_ptr<Answer<Bytes>> wound_down_ = std::make_shared<Answer<Bytes>>();

  SerialThread notices_;
  SerialThread stops_;
  Link link_;
  Standing standing_;
  Obedience obedience_;
  std::deque<Event> events_;
  bool happening_ = false;
  bool ready_ = false;
  std::optional<StopOrder> untold_;  // on the stop thread only: a stop that came before on_stop()
  std::optional<schemas::SignedRecord> seen_;  // the frame of the order being looked at
  Store store_;
  Intents intents_;
  std::mutex leaver_mutex_;
  std::thread leaver_;  // ends what an own thread began
};

}  // namespace estop::agent
