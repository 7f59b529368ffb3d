// SPDX-License-Identifier: Apache-2.0

// A bridge core with a control that answers it by hand. Time moves only by `pass`.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "broker-bridge/core/bridge_core.h"
#include "tests/unit/bridge/bridge_options.h"
#include "tests/unit/bridge/written_log.h"

namespace estop::bridge {

struct BridgeAtHand {
  explicit BridgeAtHand(BridgeOptions options = bridge_options()) : core(std::move(options)) {}

  void connect() {
    core.on_connected(Account::kAgents, now, effects);
    core.on_connected(Account::kControl, now, effects);
  }
  // Replays what the core asks for, and control answers its newest beat: until nothing changes any
  // more.
  void run_to_open() {
    connect();
    for (int turn = 0; turn < 6 && !core.is_open(now); ++turn) {
      lease();
      replay();
    }
    ASSERT_TRUE(core.is_open(now)) << core.contact().why_closed();
    effects.clear();
  }
  void replay() {
    const auto wanted = last<Replay>();
    if (!wanted) return;
    effects.clear();
    for (auto seq = wanted->from; seq <= wanted->to; ++seq) replay_one(log.records()[seq - 1]);
    core.on_replay_done(now, effects);
  }
  void replay_one(const schemas::SignedRecord& record) {
    core.on_replayed(record.frame, now, effects);
  }
  void live(const schemas::SignedRecord& record) {
    core.on_log(record.frame, now, effects);
    core.settle(now, effects);
  }
  // Control's signed frame: the head of the written log, the echo of the newest beat if that asks
  // for a lease.
  void lease() { lease_with(frame()); }
  void lease_with(const schemas::LeaseFrame& frame) {
    core.on_lease(schemas::sign_lease(frame, log.key()).value(), now, effects);
  }
  schemas::LeaseFrame frame() {
    schemas::LeaseFrame made;
    made.leader = "control1";
    made.term = 1;
    made.round = ++round;
    made.head = log.head();
    if (const auto newest = last<SendBeat>()) beat = newest->beat;
    const bool asks =
        beat.state == schemas::BridgeState::kJoining || beat.state == schemas::BridgeState::kOpen;
    if (asks) made.grants = {{"b1", kProcess, beat.nonce}};
    return made;
  }
  // With the number and digest that control gives to them.
  static schemas::LeaseFrame with_uncommitted(schemas::LeaseFrame frame,
                                              const std::vector<schemas::SignedRecord>& kills) {
    std::vector<schemas::Hash> hashes;
    for (const auto& kill : kills) {
      frame.uncommitted.push_back(kill.frame);
      hashes.push_back(kill.hash);
    }
    frame.uncommitted_count = hashes.size();
    frame.uncommitted_digest = schemas::digest_of(hashes);
    return frame;
  }
  void pass(Nanos time) {
    now += time;
    core.on_tick(now, effects);
  }

  // What happens to an intent; "pass" or the refusal's name.
  std::string send(std::string_view from, std::string_view to, std::uint64_t incarnation = 0) {
    return send_from(from, "k3j9x2ab", to, incarnation);
  }
  std::string send_from(std::string_view from, std::string_view instance, std::string_view to,
                        std::uint64_t incarnation = 0) {
    schemas::IntentHead head;
    head.id = "i1";
    head.incarnation = incarnation;
    head.payload = "hello";
    const auto subject = schemas::Subjects::standard().intent(
        schemas::Address::parse(from).value(), schemas::Instance::parse(instance).value(),
        schemas::Address::parse(to).value(), schemas::Action::parse("email.send").value());
    return send_raw(subject.str(), schemas::encode_intent(head).value());
  }
  std::string send_raw(std::string_view subject, std::string_view data) {
    const IntentOutcome& outcome = core.on_intent(subject, data, now);
    if (outcome.action == IntentOutcome::Action::kIgnore) return "ignore";
    if (outcome.action == IntentOutcome::Action::kRefuse) {
      return std::string(schemas::name(outcome.code));
    }
    forwarded_to = outcome.subject;
    core.forwarded();
    return "pass";
  }

  template <class E>
  [[nodiscard]] std::vector<E> all() const {
    std::vector<E> found;
    for (const Effect& effect : effects) {
      if (const E* it = std::get_if<E>(&effect)) found.push_back(*it);
    }
    return found;
  }
  template <class E>
  [[nodiscard]] std::optional<E> last() const {
    const auto found = all<E>();
    return found.empty() ? std::nullopt : std::optional(found.back());
  }
  [[nodiscard]] bool alarmed(std::string_view part) const {
    for (const Note& note : all<Note>()) {
      if (note.level == Note::Level::kAlarm && note.text.find(part) != std::string::npos)
        return true;
    }
    return false;
  }

  WrittenLog log;
  BridgeCore core;
  Effects effects;
  Nanos now = 1'000'000 * kMs;
  schemas::BridgeBeat beat;  // the newest that control heard
  std::uint64_t round = 0;   // of lease frames
  std::string forwarded_to;  // the subject of the newest intent that passed
};

class BridgeFixture : public ::testing::Test, public BridgeAtHand {
 public:
  using BridgeAtHand::BridgeAtHand;
};

}  // namespace estop::bridge
