// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/io_thread.h"

#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/asio_loop.h"

namespace estop::agent {

struct IoThread::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  nats::AsioLoop loop{context};
  std::thread thread;
};

IoThread::IoThread() : state_(std::make_unique<State>()) {}

IoThread::~IoThread() {
  stop();
}

nats::Loop& IoThread::loop() noexcept {
  return state_->loop;
}

void IoThread::start() {
  state_->thread = std::thread([state = state_.get()] { state->context.run(); });
}

bool IoThread::has_started() const noexcept {
  return state_->thread.joinable();
}

void IoThread::stop() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

void IoThread::drain() {
  state_->work.reset();
  state_->context.restart();
  state_->context.poll();
}

}  // namespace estop::agent
