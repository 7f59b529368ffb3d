// SPDX-License-Identifier: Apache-2.0

// estop::Agent: an agent's place in Estop. Talks, obeys, and keeps what must survive a stop.
//
//   auto agent = estop::Agent::connect({.address = "acme/prod/mailer"});  // and creds, key
//   agent->handle("email.send", send_mail);
//
// Threads: every method may be called from any thread, callbacks and handlers included; blocking
// ones say so. An Agent starts one I/O thread, `handler_threads` handler threads, a stop thread
// (on_stop, your std::stop_callbacks) and a callback thread (all others); none of your code runs on
// the I/O thread. No exception leaves this library.
//
// What it does not do: stop what you do outside Estop. Look at stop_requested() before every effect
// of your own.
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
  // Blocks until control has answered the hello and the first beat, so that every permission is
  // known to be there. An address that is under a kill connects too, and starts stopped: see
  // stop_order(). kBadAddress, kBadArgument, kUnauthenticated; kNoContact: no broker, or nobody
  // listens there as control (the detail says) · kTimeout: the broker is there, control did not
  // answer.
  [[nodiscard]] static Result<Agent> connect(AgentOptions options);
  Agent(Agent&&) noexcept;  // a moved-from Agent may only be destroyed or assigned to
  Agent& operator=(Agent&&) noexcept;
  // leave(). On one of the Agent's own threads, as leave() there: what is left ends by itself in
  // the background, after the handler or callback that destroyed it. Nothing else may use it then.
  // The end of the process waits for that: do not call exit() in the same handler.
  ~Agent();

  [[nodiscard]] const std::string& address() const noexcept;  // org/workspace/name
  [[nodiscard]] const std::string& instance() const noexcept;
  // Of the address, as control last said; 0 before its first resume.
  [[nodiscard]] std::uint64_t incarnation() const;
  // 1, then one more each time this instance goes on after a stop.
  [[nodiscard]] std::uint64_t life() const;

  // --- Talking ---
  // Fire and forget; does not block. Gives the intent's id: handed on, never repeated; a refusal
  // comes to on_refused. Failure: kSenderKilled stopped · kOldIncarnation the calling handler is of
  // an ended life · kNoContact disconnected · kOverLimit too much under way · kTooLarge,
  // kBadAddress.
  Result<std::string> send(std::string_view to, std::string_view action, std::string_view payload);
  // Blocks until the receiver's handler has answered; nobody else can. As send, and: what the
  // bridge refused with (kReceiverKilled, …) · the code that the handler failed with ·
  // kSenderKilled, kReceiverKilled, kNoContact as soon as known · kTimeout. After a failure other
  // than a refusal the receiver may or may not have acted.
  Result<Bytes> request(std::string_view to, std::string_view action, std::string_view payload,
                        Millis timeout = Millis{schemas::kRequestTimeout_ms});
  // The same without blocking: `done` is called exactly once, on the callback thread, also for
  // immediate failures; after leave(), on the calling thread.
  void request_async(std::string_view to, std::string_view action, std::string_view payload,
                     Millis timeout, std::function<void(Result<Bytes>)> done);
  // Refusals of send(), on the callback thread.
  void on_refused(std::function<void(const Refusal&)> callback);
  // Serves an action. The first call makes this instance one of those that share the address's
  // deliveries; what has no handler is answered with kNotFound. Once per action (then
  // kBadArgument).
  Result<void> handle(std::string_view action, Handler handler);

  // --- Stopping ---
  [[nodiscard]] bool stop_requested() const noexcept {
    return stop_->load(std::memory_order_relaxed);
  }
  // Of the current life: once requested it stays so. Take a new one after a resume.
  [[nodiscard]] std::stop_token stop_token() const;
  [[nodiscard]] std::optional<StopOrder> stop_order() const;  // nullopt: running
  // Called on the stop thread when the order is verified, while handlers are being stopped. Save
  // what matters before `grace_until`: checkpoint() works, send() does not. Control is told
  // "stopped" only after it returned and every handler ended. Set while stopped: called at once.
  void on_stop(std::function<void(const StopOrder&)> callback);
  void on_resume(std::function<void()> callback);  // on the callback thread, after on_stop ended
  // Blocks until running. kTimeout: still stopped · kUnauthenticated, kNoContact: it never will.
  Result<void> wait_for_resume(Millis timeout);

  // --- Keeping: all block up to store_timeout; the answer comes after the commit ---
  // Writes over the version that this instance last wrote or read (compare-and-set); gives the new
  // version. At most 1 MiB. kVersionConflict: a replica was faster, get_checkpoint() first ·
  // kOldIncarnation: the grace is over or the life has ended · kTimeout, kNoContact: perhaps
  // written, get_checkpoint() tells.
  Result<std::uint64_t> checkpoint(std::string_view key, Bytes bytes);
  Result<std::uint64_t> put_checkpoint(std::string_view key, Bytes bytes,
                                       std::uint64_t expected_version);
  Result<Checkpoint> get_checkpoint(std::string_view key);  // kNotFound
  // All keys of the address as of connect or the last resume, with their newest bytes; one after
  // the other, within one store_timeout.
  Result<std::map<std::string, Checkpoint>> checkpoints();
  // Around an effect that must not happen twice. Do it only after `before == kNone`; kBegun means
  // that somebody began and never finished: a person must decide. begin() fails with kSenderKilled
  // while stopped; the others work.
  Result<Effect> begin(std::string_view key);
  // `outcome` (at most 4 KiB) is handed to whoever begins it again.
  Result<void> finish(std::string_view key, Bytes outcome);
  Result<void> abandon(std::string_view key);  // certainly not carried out: may be begun again

  void report(const Report& report);  // does not block
  // Alarms, e.g. forged orders or a revoked credential, on the callback thread.
  void on_error(std::function<void(const Error&)> callback);
  [[nodiscard]] AgentStats stats() const;
  // Fails what is under way, stops handlers, waits for them and for callbacks, says goodbye. Every
  // call fails from the first moment on. From a handler or callback of this Agent it does not wait,
  // for that would be for itself: it returns at once, and the rest follows when they have ended.
  void leave();

 private:
  explicit Agent(std::unique_ptr<agent::Session> session);
  std::unique_ptr<agent::Session> session_;
  const std::atomic<bool>* stop_;  // the session's
};

}  // namespace estop
