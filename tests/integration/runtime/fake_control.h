// SPDX-License-Identifier: Apache-2.0

// A small control and bridge in one, on a real broker: answers hello, beats and checkpoints, signs
// orders, passes intents on unless their sender or receiver is under a kill.
//
// Works on a thread of its own; every public method may be called from the test's thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker-bridge/nats/connection.h"
#include "schemas/messages.h"
#include "schemas/signing.h"

namespace estop::testing {

class FakeControl {
 public:
  explicit FakeControl(const std::string& url);
  ~FakeControl();
  FakeControl(const FakeControl&) = delete;
  FakeControl& operator=(const FakeControl&) = delete;

  [[nodiscard]] std::string key_text() const;  // for AgentOptions::control_key

  void times(std::uint32_t beat_ms, std::uint32_t lease_ms);
  void mute(bool muted);                           // answers nothing, passes nothing on
  void delay_store(std::chrono::milliseconds by);  // each answer; one after the other
  void open_gate(bool is_open);  // true: intents pass whatever is killed, as late ones do

  void kill(const std::string& scope, const std::string& op_id, std::uint32_t grace_ms = 5'000);
  void kill_unheard(const std::string& scope, const std::string& op_id);  // the order gets lost
  void kill_forged(const std::string& scope, const std::string& op_id);
  void say(const std::string& subject, const schemas::Bytes& bytes);
  [[nodiscard]] schemas::Bytes seal(const schemas::Bytes& body);  // a signed frame of any record
  void repeat(const std::string& op_id);                          // publishes the same frame again
  void resume(const std::string& op_id);

  [[nodiscard]] std::vector<schemas::StoppedReceipt> receipts();  // whose signature is right
  [[nodiscard]] std::vector<schemas::Hello> hellos();             // goodbyes too
  [[nodiscard]] std::size_t goodbyes();
  [[nodiscard]] schemas::Beat last_beat();
  [[nodiscard]] std::uint64_t refused();
  [[nodiscard]] std::uint64_t passed();
  [[nodiscard]] std::string last_passed();  // the id of the newest intent that passed

 private:
  class Loop;
  struct Stored {
    std::uint64_t version = 0;
    schemas::Bytes bytes;
    schemas::EffectState effect = schemas::EffectState::kNone;
  };
  void run(const std::function<void()>& work);  // on the loop, waits
  schemas::SignedRecord sign(schemas::Record record, const schemas::SigningKey& key);
  void publish(const schemas::SignedRecord& record);
  [[nodiscard]] schemas::SignedRecord make_kill(const std::string& scope, const std::string& op_id,
                                                std::uint32_t grace_ms,
                                                const schemas::SigningKey& key);
  void latch(const schemas::Record& record);
  void answer(const nats::MessageView& view, const schemas::Bytes& bytes);
  void on_hello(const nats::MessageView& view);
  void on_beat(const nats::MessageView& view);
  void on_store(const nats::MessageView& view);
  void answer_later(const nats::MessageView& view, const schemas::Bytes& bytes);
  void on_stopped(const nats::MessageView& view);
  void on_intent(const nats::MessageView& view);
  [[nodiscard]] schemas::StoreReply store(const schemas::StoreRequest& request);
  [[nodiscard]] std::vector<schemas::Latch> latches_of(std::string_view address,
                                                       std::string_view instance) const;
  void refuse(const schemas::IntentSubject& parts, std::string_view id, schemas::Errc code);

  const schemas::Subjects subjects_ = schemas::Subjects::standard();
  const schemas::SigningKey key_ = schemas::SigningKey::generate(schemas::KeyRole::kOperator);
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<nats::Connection> connection_;
  std::thread thread_;

  std::uint32_t beat_ms_ = 100;
  std::uint32_t lease_ms_ = 5'000;
  bool muted_ = false;
  bool gate_open_ = false;
  std::chrono::milliseconds store_delay_{0};
  std::uint64_t seq_ = 0;
  std::uint64_t incarnation_ = 0;
  std::map<std::string, schemas::SignedRecord> orders_;
  std::map<std::string, schemas::Latch> latches_;
  std::map<std::string, schemas::PublicKey> keys_;  // by address.instance
  std::map<std::string, Stored> stored_;
  std::vector<schemas::StoppedReceipt> receipts_;
  std::vector<schemas::Hello> hellos_;
  schemas::Beat beat_;
  std::uint64_t refused_ = 0;
  std::uint64_t passed_ = 0;
  std::string last_passed_;
};

}  // namespace estop::testing
