// SPDX-License-Identifier: Apache-2.0

// estop::Agent: an agent's place in Estop. It sends and serves intents, obeys stops, and keeps what
// must survive a stop.
//
//   auto agent = estop::Agent::connect({.address = "acme/prod/mailer"});  // and creds, key
//   agent->handle("email.send", send_mail);
//
// Threads: every method may be called from any thread, callbacks and handlers included. A method
// that blocks says so. An Agent starts one I/O thread, `handler_threads` handler threads, a stop
// thread (on_stop, your std::stop_callbacks) and a callback thread (all other callbacks). None of
// your code runs on the I/O thread. No exception leaves this library.
//
// It does not stop what you do outside Estop. Check stop_requested() before every effect of your
// own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "estop/agent_types.h"

namespace estop {
namespace agent {
class Session;
}

class Agent {
 public:
  // Blocks until control has answered the hello and the first beat: then every permission is known
  // to be there. An address under a kill connects, too, and starts stopped: see stop_order().
  // kBadAddress, kBadArgument, kUnauthenticated; kNoContact: there is no broker, or no control
  // listens there (the detail says which) · kTimeout: the broker is there, control did not answer.
  [[nodiscard]] static Result<Agent> connect(AgentOptions options);
  Agent(Agent&&) noexcept;  // a moved-from Agent may only be destroyed or assigned to
  Agent& operator=(Agent&&) noexcept;
  // As leave(). If a handler or callback of this Agent destroys it, the rest ends by itself in the
  // background, after that handler or callback has returned. Do not use the Agent from anywhere
  // else then. The end of the process waits for that: do not call exit() in the same handler.
  ~Agent();

  [[nodiscard]] const std::string& address() const noexcept;  // org/workspace/name
  [[nodiscard]] const std::string& instance() const noexcept;
  // Of the address, as control last said; 0 before its first resume.
  [[nodiscard]] std::uint64_t incarnation() const;
  // 1, then one more each time this instance continues after a stop.
  [[nodiscard]] std::uint64_t life() const;

  // --- Talking ---
  // Fire and forget; does not block. Returns the intent's id: the intent is handed to the broker
  // and never repeated. A refusal comes to on_refused. Failures: kSenderKilled: this agent is
  // stopped · kOldIncarnation: the calling handler belongs to an ended life · kNoContact:
  // disconnected · kOverLimit: too much under way · kTooLarge, kBadAddress.
  Result<std::string> send(std::string_view to, std::string_view action, std::string_view payload);
  // Blocks until the receiver's handler has answered; no other agent can answer. Fails as send()
  // does, and with: the code of the bridge's refusal (kReceiverKilled, …) · the code with which the
  // handler failed · kSenderKilled, kReceiverKilled, kNoContact as soon as known · kTimeout. After
  // a failure other than a refusal the receiver may or may not have acted.
  Result<Bytes> request(std::string_view to, std::string_view action, std::string_view payload,
                        Millis timeout = Millis{schemas::kRequestTimeout_ms});
  // The same without blocking: `done` is called exactly once, on the callback thread, also for
  // immediate failures; after leave(), on the calling thread.
  void request_async(std::string_view to, std::string_view action, std::string_view payload,
                     Millis timeout, std::function<void(Result<Bytes>)> done);
  // Refusals of send(), on the callback thread.
  void on_refused(std::function<void(const Refusal&)> callback);
  // Serves an action; once per action (then kBadArgument). With the first call this instance begins
  // to share the address's deliveries. An action without a handler is answered with kNotFound.
  Result<void> handle(std::string_view action, Handler handler);

  // --- Stopping ---
  [[nodiscard]] bool stop_requested() const noexcept {
    return stop_->load(std::memory_order_relaxed);
  }
  // Of the current life: once requested it stays so. Take a new one after a resume.
  [[nodiscard]] std::stop_token stop_token() const;
  [[nodiscard]] std::optional<StopOrder> stop_order() const;  // nullopt: running
  // Called on the stop thread when the order is verified, while handlers are being stopped. Save
  // what matters before `grace_until`: checkpoint() works, send() does not. The runtime reports
  // "stopped" to control only after this callback has returned and every handler has ended. If it
  // is set while stopped, it is called at once.
  void on_stop(std::function<void(const StopOrder&)> callback);
  void on_resume(std::function<void()> callback);  // on the callback thread, after on_stop
  // Blocks until running. kTimeout: still stopped · kUnauthenticated, kNoContact: it never will.
  Result<void> wait_for_resume(Millis timeout);

  // --- Keeping: all block up to store_timeout; the answer comes after the commit ---
  // Replaces the version that this instance last wrote or read (compare-and-set); returns the new
  // version. At most 1 MiB. kVersionConflict: a replica was faster, call get_checkpoint() first ·
  // kOldIncarnation: the grace is over or the life has ended · kTimeout, kNoContact: perhaps
  // written, get_checkpoint() shows it.
  Result<std::uint64_t> checkpoint(std::string_view key, Bytes bytes);
  Result<std::uint64_t> put_checkpoint(std::string_view key, Bytes bytes,
                                       std::uint64_t expected_version);
  Result<Checkpoint> get_checkpoint(std::string_view key);  // kNotFound
  // All keys of the address as of connect or the last resume, with their newest bytes. Reads one
  // after the other, within one store_timeout.
  Result<std::map<std::string, Checkpoint>> checkpoints();
  // For an effect that must not happen twice. Carry it out only after `before == kNone`. kBegun
  // means that some instance began it and never finished: a person must decide. begin() fails with
  // kSenderKilled while stopped; the others work.
  Result<Effect> begin(std::string_view key);
  // `outcome` (at most 4 KiB) is returned to every later begin() of the same key.
  Result<void> finish(std::string_view key, Bytes outcome);
  Result<void> abandon(std::string_view key);  // certainly not carried out: may be begun again

  void report(const Report& report);  // does not block
  // Receives alarms, e.g. of forged orders or a revoked credential, on the callback thread.
  void on_error(std::function<void(const Error&)> callback);
  [[nodiscard]] AgentStats stats() const;
  // Fails all calls under way, stops handlers, waits for them and for callbacks, says goodbye.
  // Every call fails from the first moment on. Called from a handler or callback of this Agent, it
  // returns at once, because it cannot wait for itself; the rest follows when they have ended.
  void leave();

 private:
  explicit Agent(std::unique_ptr<agent::Session> session);
  std::unique_ptr<agent::Session> session_;
  const std::atomic<bool>* stop_;  // the session's
};

}  // namespace estop
