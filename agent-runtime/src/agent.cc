// SPDX-License-Identifier: Apache-2.0
#include "estop/agent.h"

#include <utility>

#include "agent-runtime/src/answer.h"
#include "agent-runtime/src/session.h"

namespace estop {

namespace {
constexpr Millis kPatience{1'000};  // beyond a request's own timeout
}

Agent::Agent(std::unique_ptr<agent::Session> session)
    : session_(std::move(session)), stop_(&session_->standing().stop_flag()) {}
Agent::Agent(Agent&&) noexcept = default;

Agent& Agent::operator=(Agent&& other) noexcept {
  if (this == &other) return *this;
  agent::Session::let_go(session_);
  session_ = std::move(other.session_);
  stop_ = other.stop_;
  return *this;
}

Agent::~Agent() {
  agent::Session::let_go(session_);
}

Result<Agent> Agent::connect(AgentOptions options) {
  try {
    auto session = agent::Session::open(std::move(options));
    if (!session) return tl::make_unexpected(session.error());
    return Agent(std::move(*session));
  } catch (const std::exception& error) {  // no thread, no memory
    return fail(Errc::kInternal, error.what());
  }
}

const std::string& Agent::address() const noexcept {
  return session_->address_text();
}

const std::string& Agent::instance() const noexcept {
  return session_->link().identity().instance.text();
}

std::uint64_t Agent::incarnation() const {
  return session_->standing().life().incarnation;
}
std::uint64_t Agent::life() const {
  return session_->standing().life().number;
}

Result<std::string> Agent::send(std::string_view to, std::string_view action,
                                std::string_view payload) {
  return session_->intents().send(to, action, payload);
}

Result<Bytes> Agent::request(std::string_view to, std::string_view action, std::string_view payload,
                             Millis timeout) {
  const auto answer = std::make_shared<agent::Answer<Bytes>>();
  auto asked = session_->intents().request(
      to, action, payload, timeout, [answer](Result<Bytes> one) { answer->give(std::move(one)); });
  if (!asked) return tl::make_unexpected(asked.error());
  return answer->take(timeout + kPatience);
}

void Agent::request_async(std::string_view to, std::string_view action, std::string_view payload,
                          Millis timeout, std::function<void(Result<Bytes>)> done) {
  auto* session = session_.get();
  const auto tell = [session, done = std::move(done)](Result<Bytes> result) {
    session->callbacks().notify([done, result = std::move(result)] { done(result); });
  };
  auto asked = session->intents().request(to, action, payload, timeout, tell);
  if (!asked) tell(tl::make_unexpected(asked.error()));
}

void Agent::on_refused(std::function<void(const Refusal&)> callback) {
  session_->callbacks().on_refused(std::move(callback));
}

Result<void> Agent::handle(std::string_view action, Handler handler) {
  return session_->intents().handle(action, std::move(handler));
}

std::stop_token Agent::stop_token() const {
  return session_->standing().stop_token();
}

std::optional<StopOrder> Agent::stop_order() const {
  return session_->standing().stop_order();
}

void Agent::on_stop(std::function<void(const StopOrder&)> callback) {
  session_->stop_calls().on_stop(std::move(callback));
}

void Agent::on_resume(std::function<void()> callback) {
  session_->callbacks().on_resume(std::move(callback));
}

Result<void> Agent::wait_for_resume(Millis timeout) {
  return session_->standing().wait_for_resume(timeout);
}

Result<std::uint64_t> Agent::checkpoint(std::string_view key, Bytes bytes) {
  return session_->store().checkpoint(session_->intents().life_of_caller(), key, std::move(bytes));
}

Result<std::uint64_t> Agent::put_checkpoint(std::string_view key, Bytes bytes,
                                            std::uint64_t expected_version) {
  return session_->store().put(session_->intents().life_of_caller(), key, std::move(bytes),
                               expected_version);
}

Result<Checkpoint> Agent::get_checkpoint(std::string_view key) {
  return session_->store().get(key);
}

Result<std::map<std::string, Checkpoint>> Agent::checkpoints() {
  return session_->store().all();
}

Result<Effect> Agent::begin(std::string_view key) {
  return session_->store().begin(session_->intents().life_of_caller(), key);
}

Result<void> Agent::finish(std::string_view key, Bytes outcome) {
  return session_->store().finish(key, std::move(outcome));
}

Result<void> Agent::abandon(std::string_view key) {
  return session_->store().abandon(key);
}

void Agent::report(const Report& report) {
  session_->tally().report(report);
}

void Agent::on_error(std::function<void(const Error&)> callback) {
  session_->callbacks().on_error(std::move(callback));
}

AgentStats Agent::stats() const {
  return session_->stats();
}
void Agent::leave() {
  session_->leave();
}

}  // namespace estop
