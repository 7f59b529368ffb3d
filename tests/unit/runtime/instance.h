// SPDX-License-Identifier: Apache-2.0

// One instance under test: `acme/prod/mailer@k3j9x2ab`, its clock, and the words to speak with it.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>

#include "agent-runtime/core/obedience.h"

namespace estop::agent {

inline BootTime ms(std::int64_t count) {
  return std::chrono::milliseconds{count};
}

class Instance : public testing::Test {
 protected:
  // Time goes on, then the event comes. What is wanted done, without the lease's renewals.
  std::string after(std::int64_t wait_ms, const Event& event) {
    now_ += ms(wait_ms);
    std::string text;
    effects_ = core_->step(event, now_);
    for (const Effect& effect : effects_) {
      if (std::holds_alternative<RenewLease>(effect)) continue;
      if (std::holds_alternative<KeepCheckpoints>(effect)) continue;
      std::ostringstream one;
      one << effect;
      text += (text.empty() ? "" : "; ") + one.str();
    }
    return text;
  }
  std::string now(const Event& event) { return after(0, event); }

  // A word for each event that needs more than its type.
  static HelloAnswered hello(std::uint64_t number, std::uint64_t incarnation,
                             std::vector<schemas::Latch> latches = {}) {
    schemas::HelloReply reply;
    reply.incarnation = incarnation;
    reply.latches = std::move(latches);
    return {number, reply};
  }
  static BeatAnswered beat(std::uint64_t nonce, std::uint64_t incarnation,
                           std::vector<schemas::Latch> latches = {},
                           schemas::Errc code = schemas::Errc::kOk) {
    return {{nonce, code, incarnation, std::move(latches)}};
  }
  static schemas::Latch latch(const std::string& op_id) {
    schemas::Latch made;
    made.op_id = op_id;
    made.scope = *schemas::Scope::parse("acme/prod/mailer");
    return made;
  }
  static schemas::Record kill(const std::string& op_id,
                              const std::string& scope = "acme/prod/mailer",
                              std::uint32_t grace_ms = 1'000) {
    schemas::Record record;
    record.op_id = op_id;
    record.kill().scope = *schemas::Scope::parse(scope);
    record.kill().grace_ms = grace_ms;
    return record;
  }
  static schemas::Record resume(const std::string& lifts, std::uint64_t incarnation,
                                const std::string& scope = "acme/prod/mailer") {
    schemas::Record record = kill("resume-of-" + lifts, scope);
    record.body = schemas::Resume{.scope = record.scope()};
    record.resume().lifts = {lifts};
    record.resume().incarnation = incarnation;
    return record;
  }
  std::string obey(const schemas::Record& record) {
    const std::string seen = now(OrderSeen{record});
    return seen + " | " + now(OrderChecked{record, true});
  }

  // Short ways into the usual states.
  void run() {
    now(Connected{});
    now(hello(1, 0));
    now(beat(1, 0));
  }
  void run_since_resume(std::uint64_t incarnation) {  // the second life
    run();
    obey(resume("k0", incarnation));
    after(50, Tick{});
    now(hello(2, incarnation));
    now(WorkStopped{1, 0, 0});
    now(CallbackReturned{1});
    now(beat(2, incarnation));
  }
  void stop(const std::string& op_id) {
    obey(kill(op_id));
    now(WorkStopped{1, 0, 0});
    now(CallbackReturned{1});
  }

  static ObedienceConfig config() {
    ObedienceConfig made;
    made.address = *schemas::Address::parse("acme/prod/mailer");
    made.instance = *schemas::Instance::parse("k3j9x2ab");
    made.contact.hello_jitter = ms(50);
    return made;
  }

  std::optional<Obedience> core_{config()};
  BootTime now_ = ms(1'000'000);
  Effects effects_;
};

}  // namespace estop::agent
