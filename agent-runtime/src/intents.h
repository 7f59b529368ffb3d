// SPDX-License-Identifier: Apache-2.0

// Intents out and in: sends, requests and their answers, deliveries and their handlers. See
// outgoing.h for the way out.
//
// send and request may be called from any thread; the rest on the I/O thread unless it says
// otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent-runtime/core/peer_kills.h"
#include "agent-runtime/src/handler_pool.h"
#include "agent-runtime/src/link.h"
#include "agent-runtime/src/outgoing.h"
#include "agent-runtime/src/requests.h"
#include "agent-runtime/src/standing.h"

namespace estop::agent {

class Intents {
 public:
  struct Hooks {
    std::function<void(Refusal)> refused;      // of a send
    std::function<void(Error)> reply_lost;     // although this agent is running
    std::function<void(Error)> foreign_reply;  // by an address that was not asked
    std::function<void(Errc)> doubted;         // a bridge's view of this agent differs from its own
    std::function<void(std::uint64_t drain)> ended;  // on a handler thread
  };
  Intents(Link& link, const Standing& standing, const AgentOptions& options, Hooks hooks);

  // --- Any thread ---
  Result<std::string> send(std::string_view to, std::string_view action, std::string_view payload);
  // `done` exactly once, on the I/O thread or in Link::stop(), unless this returns a failure.
  Result<void> request(std::string_view to, std::string_view action, std::string_view payload,
                       Millis timeout, Requests::Done done);
  Result<void> handle(std::string_view action, Handler handler);
  [[nodiscard]] std::uint64_t life_of_caller() const;
  void finish() { pool_.finish(); }  // waits for handlers; not from one
  [[nodiscard]] bool is_handling() const noexcept { return pool_.is_current(); }
  void count(AgentStats& stats) const;

  // --- I/O thread ---
  void listen();  // the inbox; once, before the link starts
  void resume();
  [[nodiscard]] HandlerPool::Stopped stop(std::uint64_t drain, const Error& why);
  [[nodiscard]] std::vector<std::stop_source> peer_killed(const schemas::Record& record);
  void peer_resumed(const schemas::Record& record) { peers_.resumed(record.resume()); }
  void fail_all(const Error& why) { requests_.fail_all(why); }
  void expire() { requests_.expire(link_.now()); }
  [[nodiscard]] std::optional<BootTime> next_deadline() const { return requests_.next_deadline(); }

 private:
  void follow_deliveries();
  void on_delivery(const nats::MessageView& view);
  void on_inbox(const nats::MessageView& view);
  void on_reply(const schemas::InboxSubject& reply, std::string_view frame);
  [[nodiscard]] Result<Bytes> read_reply(const std::string& id, std::string_view frame);
  void on_refused(const std::string& id, const nats::MessageView& view);
  [[nodiscard]] std::shared_ptr<const Handler> handler_for(std::string_view action);

  Link& link_;
  const Standing& standing_;
  const Hooks hooks_;
  Requests requests_;
  Outgoing outgoing_;
  PeerKills peers_;
  nats::Connection::SubscriptionId deliveries_ = 0;
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> foreign_replies_{0};
  std::mutex handlers_mutex_;
  std::map<std::string, std::shared_ptr<const Handler>, std::less<>> handlers_;
  HandlerPool pool_;  // last: its threads use all of the above
};

}  // namespace estop::agent
