// SPDX-License-Identifier: Apache-2.0

// One connected agent: its parts, their beginning and their end. Agent's private part.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "agent-runtime/src/answer.h"
#include "agent-runtime/src/callbacks.h"
#include "agent-runtime/src/identity.h"
#include "agent-runtime/src/intents.h"
#include "agent-runtime/src/link.h"
#include "agent-runtime/src/performer.h"
#include "agent-runtime/src/standing.h"
#include "agent-runtime/src/stop_calls.h"
#include "agent-runtime/src/store.h"
#include "agent-runtime/src/tally.h"

namespace estop::agent {

class Session {
 public:
  // Connected, and answered by control.
  static Result<std::unique_ptr<Session>> open(AgentOptions options);
  // As open() makes it of `options`, which are sound; nothing happens before start().
  Session(AgentOptions options, const Identity& identity, Keys keys);
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

  [[nodiscard]] Callbacks& callbacks() noexcept { return callbacks_; }
  [[nodiscard]] StopCalls& stop_calls() noexcept { return stop_calls_; }
  [[nodiscard]] Tally& tally() noexcept { return tally_; }
  [[nodiscard]] AgentStats stats() const;
  // To its end; from one of our own threads it only begins, and another thread ends it.
  void leave();
  // Ends and frees a session, on whatever thread. On one of its own it goes on in the background
  // until that thread's code has returned.
  static void let_go(std::unique_ptr<Session>& session);

 private:
  [[nodiscard]] bool is_own_thread() const;
  void begin_leaving();  // once: fails what is under way, stops handlers; does not wait
  void finish_leaving();
  void say_goodbye();
  [[nodiscard]] nats::ConnectionEvents connection_events();
  [[nodiscard]] Intents::Hooks intent_hooks();
  void tick();  // on the I/O thread

  const AgentOptions options_;
  const Keys keys_;
  Tally tally_;
  std::atomic<bool> leaving_{false};
  std::once_flag left_;
  const std::shared_ptr<Answer<Bytes>> wound_down_ = std::make_shared<Answer<Bytes>>();

  Callbacks callbacks_;
  StopCalls stop_calls_;
  Link link_;
  Standing standing_;
  Performer performer_;
  Store store_;
  Intents intents_;
  std::mutex leaver_mutex_;
  std::thread leaver_;  // ends what an own thread began
};

}  // namespace estop::agent
