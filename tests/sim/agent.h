// SPDX-License-Identifier: Apache-2.0

// An agent with the runtime library in the simulation: the real session and what it consists of,
// but for the threads (threads.cc). It sends intents all the time that it may, answers requests,
// and keeps a checkpoint.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent-runtime/src/session.h"
#include "broker-bridge/nats/connection.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"

namespace estop::sim {

struct AgentSettings {
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::Address address;
  std::array<std::uint8_t, 32> own_seed{};
  schemas::PublicKey control_key{};
  std::vector<schemas::Address> peers;  // whom it sends to
  Nanos send_every = kSecond;           // on average
};

class AgentProcess : public Process {
 public:
  AgentProcess(Ground& ground, Broker& broker, Observer& observer, AgentSettings settings,
               std::size_t number);
  ~AgentProcess() override;

  [[nodiscard]] const schemas::Address& address() const noexcept { return settings_.address; }
  [[nodiscard]] const schemas::Instance& instance() const noexcept { return instance_; }
  [[nodiscard]] bool is_working() const;
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }  // since ever
  [[nodiscard]] nats::Loop* loop() override { return &loop_; }

 private:
  enum class Question : std::uint8_t { kHello, kBeat };
  struct Asked {
    Question what = Question::kHello;
    std::uint64_t stamp = 0;
  };

  void begin() override;
  void end() override;
  void flush() override;
  void arrives(const std::string& user, const std::string& pattern,
               const Message& message) override;
  void sends(const std::string& user, const Message& message) override;
  void subscribes(const std::string& user, const std::string& pattern) override;
  void answered(const Message& answer);
  void look();
  // What the agent itself does.
  void work_later();
  void send_one();
  void put_checkpoint();

  Observer& observer_;
  AgentSettings settings_;
  std::size_t number_;
  SimLoop loop_;
  schemas::Instance instance_;
  std::uint64_t delivered_ = 0;

  // Of one life.
  std::unique_ptr<agent::Session> session_;
  std::map<std::string, Asked, std::less<>> asked_;  // by the reply's subject
  std::uint64_t work_life_ = 0;                      // that the observer knows of
  std::uint64_t checkpoint_ = 0;                     // newest version of its own key
};

}  // namespace estop::sim
