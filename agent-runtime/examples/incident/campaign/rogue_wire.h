// SPDX-License-Identifier: Apache-2.0

// The protocol of an agent spoken directly on NATS, without the runtime and its obedience.
//
// This is what a hostile or broken program can do with an agent's own valid credentials: announce
// itself, beat, publish intents, read what comes back. Everything runs on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "estop/agent_types.h"

namespace boost::asio {
class io_context;
}

namespace estop::incident {

class RogueWire {
 public:
  struct Events {
    std::function<void(const schemas::HelloReply&)> announced;
    std::function<void(std::string_view id, const Result<Bytes>& answer)> answered;
    std::function<void(std::string_view id, Errc code)> refused;  // by the bridge
    std::function<void()> kill_heard;  // a kill that covers us: heard, and that is all
  };
  using Stored = std::function<void(const Result<schemas::StoreReply>&)>;

  RogueWire(boost::asio::io_context& loop, const AgentOptions& options, Events events);
  ~RogueWire();
  RogueWire(const RogueWire&) = delete;
  RogueWire& operator=(const RogueWire&) = delete;

  Result<void> open();  // connects, and announces at each (re)connect
  void announce();      // `announced` follows, unless control does not answer
  // Publishes a request. False: not connected.
  bool request(std::string_view id, std::uint64_t incarnation, std::string_view to,
               std::string_view action, std::string_view payload);
  void store(const schemas::StoreRequest& request, Stored stored);
  void leave();  // says goodbye and closes

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::incident
