// SPDX-License-Identifier: Apache-2.0

// The threads of the runtime, in place of the library estop_agent_threads: what they would run
// happens on the one loop of the process, a while later and in an order that the seed decides.
#include <memory>
#include <utility>

#include "agent-runtime/src/handler_pool.h"
#include "agent-runtime/src/io_thread.h"
#include "agent-runtime/src/serial_thread.h"
#include "tests/sim/process.h"

namespace estop::agent {

using sim::kMs;
using sim::Nanos;
using sim::Process;

namespace {

constexpr Nanos kCallbackMost = 50 * kMs;
constexpr Nanos kHandlerMost = 50 * kMs;

Nanos at_most(Nanos most) {
  return Process::running().ground().random.between(0, most);
}

}  // namespace

// --- The I/O thread is the process ---

struct IoThread::State {
  Process& process;
  bool has_started = false;
};

IoThread::IoThread() : state_(std::make_unique<State>(State{Process::running()})) {}
IoThread::~IoThread() = default;

nats::Loop& IoThread::loop() noexcept {
  return *state_->process.loop();
}
void IoThread::start() {
  state_->has_started = true;
}
// Nobody waits for the goodbye of a process that was killed.
bool IoThread::has_started() const noexcept {
  return state_->has_started && state_->process.is_alive();
}
void IoThread::stop() {}
void IoThread::drain() {}

// --- Callbacks ---

SerialThread::SerialThread(std::size_t queue_max, std::function<void(std::string)> thrown)
    : queue_max_(queue_max), thrown_(std::move(thrown)) {}
SerialThread::~SerialThread() = default;

bool SerialThread::post(Work work) {
  queue_.push_back(std::move(work));
  Process::running().after(at_most(kCallbackMost), [this] { run(); });
  return true;
}
bool SerialThread::try_post(Work work) {
  return queue_.size() < queue_max_ && post(std::move(work));
}
void SerialThread::run() {
  const Work work = std::move(queue_.front());
  queue_.pop_front();
  work();
}
bool SerialThread::is_current() const noexcept {
  return false;  // no callback of a simulated agent calls it
}
void SerialThread::settle() {}
void SerialThread::finish() {}

// --- Handlers: as many at a time as there are ---

HandlerPool::HandlerPool(unsigned /*threads*/, std::size_t queue_max, Hooks hooks)
    : queue_max_(queue_max), hooks_(std::move(hooks)) {}
HandlerPool::~HandlerPool() = default;

void HandlerPool::wake() {
  Process::running().after(0, [this] { run(); });
}
void HandlerPool::run() {
  const auto task = std::make_shared<Task>();
  if (queue_.empty() || !take(*task)) return;
  Process::running().after(at_most(kHandlerMost), [this, task] {
    carry_out(*task);
    end(*task);
  });
}
void HandlerPool::finish() {}

}  // namespace estop::agent
