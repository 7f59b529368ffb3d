// SIGINT and SIGTERM as an event on the loop; SIGPIPE ignored.
#pragma once

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace estop::ops {

class Signals {
 public:
  // Calls `stop` on the loop with the signal's number, for every one of them. A second one while
  // the daemon is still ending should end it at once: that is the callback's decision.
  Signals(boost::asio::io_context& loop, std::function<void(int)> stop);
  ~Signals();  // back to the default behaviour
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace estop::ops
