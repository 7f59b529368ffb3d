// SPDX-License-Identifier: Apache-2.0

// The way out: from a call on any thread to a publish on the I/O thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent-runtime/src/handler_pool.h"
#include "agent-runtime/src/link.h"
#include "agent-runtime/src/requests.h"
#include "agent-runtime/src/standing.h"

namespace estop::agent {

class Outgoing {
 public:
  struct Hooks {                            // on the I/O thread, the second one on any
    std::function<void(Refusal)> refused;   // of a send
    std::function<void(Error)> reply_lost;  // although this agent is running
  };
  // `requests`: who waits for answers; touched on the I/O thread only.
  Outgoing(Link& link, const Standing& standing, Requests& requests, std::size_t under_way_max,
           Hooks hooks);

  // Any thread. `caller`: the life that the calling code belongs to.
  Result<std::string> send(std::uint64_t caller, std::string_view to, std::string_view action,
                           std::string_view payload);
  // `done` exactly once, on the I/O thread or in Link::stop(), unless this returns a failure.
  Result<void> request(std::uint64_t caller, std::string_view to, std::string_view action,
                       std::string_view payload, Millis timeout, Requests::Done done);
  void reply(const Delivery& delivery, Result<Bytes> result);  // nothing if none is wanted
  void count(AgentStats& stats) const;

 private:
  struct Made {
    std::uint64_t life = 0;
    std::string id;
    schemas::Address to;
    schemas::Subject subject;
    Bytes frame;
  };
  Result<Made> make(std::uint64_t caller, std::string_view to, std::string_view action,
                    std::string_view payload, std::uint32_t flags, Millis ttl);
  Result<void> publish(const Made& intent);  // on the I/O thread
  void lose_reply(const Made& reply, const Error& why);
  [[nodiscard]] std::string next_id();

  Link& link_;
  const Standing& standing_;
  Requests& requests_;
  const std::size_t under_way_max_;
  const Hooks hooks_;
  const Bytes secret_;  // ids of requests must not be guessed
  std::atomic<std::size_t> under_way_{0};
  std::atomic<std::uint64_t> ids_{0};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> replies_lost_{0};
};

}  // namespace estop::agent
