// SPDX-License-Identifier: Apache-2.0

// The end of a session, begun by any thread and ended by one that nothing of it waits for.
//
// An own thread (handler, stop, callback) cannot wait for itself. So it only begins: everything
// fails from then on, handlers are told to stop. A thread made for it then waits for handlers and
// callbacks, says goodbye and stops the link.
#include <atomic>
#include <list>
#include <system_error>
#include <utility>

#include "agent-runtime/src/session.h"
#include "schemas/codec.h"

namespace estop::agent {
namespace {

constexpr Millis kGoodbye{1'000};

// Sessions that were destroyed on a thread of their own. Each ends on a thread of this owner; what
// is left at the end of the process is waited for then.
class Graves {
 public:
  static Graves& of_this_process() {
    static Graves graves;
    return graves;
  }
  ~Graves() {
    for (Grave& one : graves_) {
      if (one.thread.joinable()) one.thread.join();
    }
  }
  void bury(std::unique_ptr<Session> session) {
    const std::lock_guard lock(mutex_);
    sweep();
    Grave& grave = graves_.emplace_back();
    grave.session = std::move(session);
    try {
      grave.thread = std::thread([&grave] {
        grave.session.reset();
        grave.is_empty = true;
      });
    } catch (const std::system_error&) {
      // No thread to be had: it stays here, stopped. To free it under its own feet would be worse.
    }
  }

 private:
  struct Grave {
    std::unique_ptr<Session> session;
    std::atomic<bool> is_empty{false};
    std::thread thread;
  };
  void sweep() {
    graves_.remove_if([](Grave& one) {
      if (one.is_empty && one.thread.joinable()) one.thread.join();
      return one.is_empty.load();
    });
  }

  std::mutex mutex_;
  std::list<Grave> graves_;
};

}  // namespace

Session::~Session() {
  begin_leaving();
  finish_leaving();
  if (leaver_.joinable()) leaver_.join();
}

bool Session::is_own_thread() const {
  return intents_.is_handling() || stop_calls_.is_current() || callbacks_.is_current();
}

void Session::leave() {
  begin_leaving();
  if (!is_own_thread()) return finish_leaving();
  const std::lock_guard lock(leaver_mutex_);
  if (leaver_.joinable()) return;
  try {
    leaver_ = std::thread([this] { finish_leaving(); });
  } catch (const std::system_error&) {
    // No thread to be had: it stays begun, and the destructor ends it.
  }
}

void Session::let_go(std::unique_ptr<Session>& session) {
  if (!session) return;
  if (!session->is_own_thread()) {
    session->leave();  // before the pointer goes: handlers may use the Agent until here
    return session.reset();
  }
  session->begin_leaving();
  Graves::of_this_process().bury(std::move(session));
}

// Fails what is under way, so that nobody who is waited for waits for an answer.
void Session::begin_leaving() {
  if (leaving_.exchange(true)) return;
  const Error why{Errc::kNoContact, kLeft};
  standing_.end(why);
  if (!link_.started()) return;
  link_.post([this, why] {
    intents_.fail_all(why);
    auto stopped = intents_.stop(0, why);
    stopped.running.push_back(standing_.life_source());
    stop_calls_.request(std::move(stopped.running));
    wound_down_->give(Bytes{});
  });
}

// Whoever comes second waits for the first. Goodbye means that nothing of the user runs any more;
// the callback thread ends last, for what the link still held gets its answer there.
void Session::finish_leaving() {
  std::call_once(left_, [this] {
    if (link_.started()) (void)wound_down_->take(kGoodbye);
    intents_.finish();
    stop_calls_.finish();
    callbacks_.settle();
    if (link_.started()) say_goodbye();
    link_.stop();
    callbacks_.finish();
  });
}

void Session::say_goodbye() {
  const auto gone = std::make_shared<Answer<Bytes>>();
  link_.post([this, gone] {
    const auto& self = link_.identity();
    if (const auto bytes = schemas::encode(performer_.hello(true))) {
      const auto subject = self.subjects.hello(self.address, self.instance);
      // Its callbacks have ended: it only counts. Control will take this instance for crashed.
      if (!link_.connection().publish(subject, *bytes)) tally_.unsent();
    }
    link_.connection().flush();
    gone->give(Bytes{});
  });
  (void)gone->take(kGoodbye);
}

}  // namespace estop::agent
