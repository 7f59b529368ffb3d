// SPDX-License-Identifier: Apache-2.0

// The operator: kills and resumes at random, asks again when no answer comes, now and then repeats
// an order of long ago, lifts one kill of several, or kills again what was just resumed. A careless
// one also gives a kill the op id of another order, and a resume a reason that no record may hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker-bridge/nats/connection.h"
#include "tests/sim/loop.h"
#include "tests/sim/observer.h"

namespace estop::sim {

struct OperatorSettings {
  schemas::Subjects subjects = schemas::Subjects::standard();
  std::vector<std::string> scopes;  // what it may kill
  std::string creds;                // signs its kills; empty: it does not
  bool is_careless = false;
  Nanos order_every = 3 * kSecond;  // on average
};

// An order, as its operator sees it.
struct Asked {
  std::string verb;
  std::string scope;
  std::string op_id;     // under which control is to have it
  std::string given_as;  // another order's, under which it is sent; else empty
  bool accepted = false;
  bool fenced = false;  // kill; "opened" of a resume
  bool durable = false;
  bool stopped = false;
  bool refused = false;
  bool done = false;
  std::string error;
  std::string unreached;
};

class OperatorProcess : public Process {
 public:
  OperatorProcess(Ground& ground, Broker& broker, Observer& observer, OperatorSettings settings);
  ~OperatorProcess() override;

  // Orders of the test itself. Returns the op id.
  std::string kill(const std::string& scope);
  std::string resume(const std::string& scope);
  [[nodiscard]] const Asked& asked(const std::string& op_id) const { return asked_.at(op_id); }
  void kill_something();
  void rest() { rests_ = true; }     // no more orders at random
  [[nodiscard]] bool waits() const;  // for an answer: it will ask again

 private:
  struct Life {
    nats::Connection connection;
  };

  void begin() override;
  void end() override { life_.reset(); }
  void flush() override { life_->connection.flush(); }
  void go_on();
  void order_something();
  void lift_some(const std::string& scope);
  void kill_by_used_op_id();
  void resume_at_length(const std::string& scope);
  // `used`: the op id of another order, if it is sent under that.
  std::string order(const std::string& verb, const std::string& scope, const std::string& more,
                    const std::string& used = {}, const std::string& reason = "because");
  [[nodiscard]] bool is_signed(const Asked& asked) const;
  void send(const std::string& op_id);
  void send_signed(const Asked& asked);
  void hear(const std::string& op_id, std::string_view answer);

  SimLoop loop_;
  Observer& observer_;
  OperatorSettings settings_;
  bool rests_ = false;
  std::uint64_t orders_ = 0;
  std::map<std::string, Asked> asked_;
  std::map<std::string, std::string> bodies_;  // as they were sent, by op id
  std::vector<std::string> sent_;              // op ids
  std::unique_ptr<Life> life_;
};

}  // namespace estop::sim
