// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/callbacks.h"

#include <string>
#include <utility>

namespace estop::agent {
namespace {

constexpr std::size_t kNoticesMax = 1'024;

}  // namespace

Callbacks::Callbacks(Standing& standing)
    : standing_(standing), thread_(kNoticesMax, [](const std::string&) {}) {}

void Callbacks::on_resume(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  set_.resume = std::move(callback);
}

void Callbacks::on_refused(std::function<void(const Refusal&)> callback) {
  const std::lock_guard lock(mutex_);
  set_.refused = std::move(callback);
}

void Callbacks::on_error(std::function<void(const Error&)> callback) {
  const std::lock_guard lock(mutex_);
  set_.error = std::move(callback);
}

Callbacks::Set Callbacks::set() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

void Callbacks::resumed() {
  if (const auto tell = set().resume) notify(tell);
}

void Callbacks::refused(Refusal refusal) {
  if (auto tell = set().refused) {
    notice([tell = std::move(tell), refusal = std::move(refusal)] { tell(refusal); });
  }
}

void Callbacks::alarm(Error error) {
  standing_.note(error);
  if (auto tell = set().error) {
    notice([tell = std::move(tell), error = std::move(error)] { tell(error); });
  }
}

void Callbacks::notify(const SerialThread::Work& work) {
  if (!thread_.post(work)) work();
}

void Callbacks::notice(SerialThread::Work work) {
  if (!thread_.try_post(std::move(work))) ++dropped_;
}

}  // namespace estop::agent
