// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/runtime/fake_control.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/nats/asio_loop.h"
#include "schemas/codec.h"

namespace estop::testing {

using schemas::Address;
using schemas::Errc;
using schemas::Instance;

class FakeControl::Loop {
 public:
  boost::asio::io_context context{1};
  nats::AsioLoop on_context{context};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
};

FakeControl::FakeControl(const std::string& url) : loop_(std::make_unique<Loop>()) {
  nats::ConnectOptions options;
  options.url = url;
  options.name = "fake-control";
  connection_ = std::make_unique<nats::Connection>(
      loop_->on_context, options, subjects_.own_inbox(*schemas::Segment::parse("control")),
      nats::ConnectionEvents{});
  const auto on = [this](const schemas::Subject& pattern, auto member) {
    connection_->subscribe(pattern, [this, member](const nats::MessageView& view) {
      if (!muted_) (this->*member)(view);
    });
  };
  on(subjects_.hellos(), &FakeControl::on_hello);
  on(subjects_.beats(), &FakeControl::on_beat);
  on(subjects_.checkpoints(), &FakeControl::on_store);
  on(subjects_.stoppeds(), &FakeControl::on_stopped);
  on(subjects_.intents(), &FakeControl::on_intent);
  if (auto made = connection_->connect(); !made) throw std::runtime_error(to_string(made.error()));
  thread_ = std::thread([this] { loop_->context.run(); });
}

FakeControl::~FakeControl() {
  run([this] { connection_->close(); });
  loop_->work.reset();
  loop_->context.stop();
  thread_.join();
}

void FakeControl::run(const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(loop_->context, [&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

std::string FakeControl::key_text() const {
  return key_.public_text();
}

void FakeControl::times(std::uint32_t beat_ms, std::uint32_t lease_ms) {
  run([&] {
    beat_ms_ = beat_ms;
    lease_ms_ = lease_ms;
  });
}

void FakeControl::mute(bool muted) {
  run([&] { muted_ = muted; });
}

void FakeControl::delay_store(std::chrono::milliseconds by) {
  run([&] { store_delay_ = by; });
}

void FakeControl::answer_later(const nats::MessageView& view, const schemas::Bytes& bytes) {
  const auto from = subjects_.parse_agent(view.subject);
  const auto reply = subjects_.honoured_reply(from->address, view.reply);
  if (!reply) return;
  auto timer = std::make_shared<boost::asio::steady_timer>(loop_->context, store_delay_);
  timer->async_wait([this, timer, reply = *reply, bytes](auto) {
    if (connection_) (void)connection_->publish(reply, bytes);
  });
}

void FakeControl::open_gate(bool is_open) {
  run([&] { gate_open_ = is_open; });
}

schemas::SignedRecord FakeControl::sign(schemas::Record record, const schemas::SigningKey& key) {
  record.epoch = 1;
  record.term = 1;
  record.seq = ++seq_;
  record.actor.name = "alice";
  record.issued_at_ms = 1'700'000'000'000;
  return schemas::sign_record(record, key).value();
}

schemas::SignedRecord FakeControl::make_kill(const std::string& scope, const std::string& op_id,
                                             std::uint32_t grace_ms,
                                             const schemas::SigningKey& key) {
  schemas::Record record;
  record.op_id = op_id;
  record.kill().scope = *schemas::Scope::parse(scope);
  record.kill().grace_ms = grace_ms;
  record.reason = "broken unsubscribe link";
  return sign(record, key);
}

void FakeControl::publish(const schemas::SignedRecord& record) {
  const auto address = record.record.scope().address();
  if (!address.empty()) (void)connection_->publish(subjects_.control_of(address), record.frame);
  (void)connection_->publish(subjects_.control_all(), record.frame);
}

void FakeControl::latch(const schemas::Record& record) {
  latches_[record.op_id] = schemas::latch_of(record);
}

void FakeControl::kill(const std::string& scope, const std::string& op_id, std::uint32_t grace_ms) {
  run([&] {
    auto record = make_kill(scope, op_id, grace_ms, key_);
    latch(record.record);
    publish(record);
    orders_.insert_or_assign(op_id, std::move(record));
  });
}

void FakeControl::kill_unheard(const std::string& scope, const std::string& op_id) {
  run([&] { latch(make_kill(scope, op_id, 5'000, key_).record); });
}

void FakeControl::kill_forged(const std::string& scope, const std::string& op_id) {
  run([&] {
    const auto stranger = schemas::SigningKey::generate(schemas::KeyRole::kOperator);
    publish(make_kill(scope, op_id, 5'000, stranger));
  });
}

void FakeControl::say(const std::string& subject, const schemas::Bytes& bytes) {
  run([&] { (void)connection_->publish_built(subject, bytes); });
}

// By hand: the writers of schemas/ refuse what their readers would.
schemas::Bytes FakeControl::seal(const schemas::Bytes& body) {
  constexpr std::size_t kShort_bytes = 256;  // of a length in one byte
  if (body.size() >= kShort_bytes) throw std::invalid_argument("a body of at most 255 bytes");
  const auto signature = key_.sign("estop record 2\n" + body);
  schemas::Bytes frame = "\x93\x02\xc4";
  frame.push_back(static_cast<char>(body.size()));
  frame += body + "\xc4\x40";
  return frame.append(reinterpret_cast<const char*>(signature.data()), signature.size());
}

void FakeControl::repeat(const std::string& op_id) {
  run([&] { publish(orders_.at(op_id)); });
}

void FakeControl::resume(const std::string& op_id) {
  run([&] {
    schemas::Record record;
    record.op_id = "resume-of-" + op_id;
    record.body = schemas::Resume{.scope = latches_.at(op_id).scope};
    record.reason = "fixed";
    record.resume().lifts = {op_id};
    record.resume().incarnation = ++incarnation_;
    latches_.erase(op_id);
    publish(sign(record, key_));
  });
}

std::vector<schemas::StoppedReceipt> FakeControl::receipts() {
  std::vector<schemas::StoppedReceipt> copy;
  run([&] { copy = receipts_; });
  return copy;
}

std::vector<schemas::Hello> FakeControl::hellos() {
  std::vector<schemas::Hello> copy;
  run([&] { copy = hellos_; });
  return copy;
}

std::size_t FakeControl::goodbyes() {
  const auto all = hellos();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& one) { return one.goodbye; }));
}

schemas::Beat FakeControl::last_beat() {
  schemas::Beat copy;
  run([&] { copy = beat_; });
  return copy;
}

std::uint64_t FakeControl::refused() {
  std::uint64_t copy = 0;
  run([&] { copy = refused_; });
  return copy;
}

std::uint64_t FakeControl::passed() {
  std::uint64_t copy = 0;
  run([&] { copy = passed_; });
  return copy;
}

std::string FakeControl::last_passed() {
  std::string copy;
  run([&] { copy = last_passed_; });
  return copy;
}

}  // namespace estop::testing
