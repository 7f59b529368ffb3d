// SPDX-License-Identifier: Apache-2.0

// An agent that speaks the protocol by hand on a raw socket, obedient or not.
#pragma once

#include <string>
#include <vector>

#include "schemas/codec.h"
#include "schemas/messages.h"
#include "tests/support/raw_nats.h"

namespace estop::testing {

class RawAgent {
 public:
  // `client` has the credential of `address` (org.workspace.name). It listens to all that this may
  // hear.
  RawAgent(RawNats client, std::string address, std::string instance);

  // Control's answer; code kTimeout: there was none.
  schemas::HelloReply hello();
  // Sends an intent to itself, which takes the way of every other: "delivered", "refused", or
  // "silence".
  std::string intent(std::uint64_t incarnation);
  std::string intent(const schemas::IntentHead& head);
  // Whatever was sent before, control and the bridge have read it: they handle one connection in
  // order.
  void settle();

  // estop.<kind>.<address>.<instance>
  [[nodiscard]] std::string subject(const std::string& kind) const;
  [[nodiscard]] std::string intent_subject() const;  // to itself
  [[nodiscard]] RawNats& socket() { return client_; }
  [[nodiscard]] std::vector<RawMessage> heard() { return std::move(heard_); }  // so far

 private:
  RawNats client_;
  std::string address_;
  std::string instance_;
  std::size_t asked_ = 0;
  std::vector<RawMessage> heard_;
};

[[nodiscard]] schemas::Hello some_hello();

}  // namespace estop::testing
