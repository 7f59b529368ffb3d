// SPDX-License-Identifier: Apache-2.0

// What control does when an agent speaks, or is silent.
#include "control/core/agents/agents.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/sentences.h"
#include "schemas/printable.h"

namespace estop::control {

using schemas::AgentState;
using schemas::Errc;
using schemas::fail;
using schemas::StoreOp;

namespace {

constexpr std::uint64_t kHealthEvery_us = 1'000'000;
// One alone stops it. More of the kills that hold it are told when these are lifted.
constexpr std::size_t kLatchesToldMax = 64;
constexpr std::uint64_t kStopsEvery_us = 100'000;  // progress while many confirm

// As many as an answer may hold, narrowest scope first. One is enough to stop whoever reads it, and
// when those are lifted the next ones are there.
std::vector<schemas::Latch> latches_of(const std::vector<const HeldKill*>& kills) {
  constexpr std::size_t kTold_bytes = schemas::kControlMessageMax_bytes / 4;
  constexpr std::size_t kOther_bytes = 512;  // of a latch, without its reason
  std::vector<schemas::Latch> latches;
  std::size_t bytes = 0;
  for (const HeldKill* held : kills) {
    bytes += held->latch.reason.size() + kOther_bytes;
    if (bytes > kTold_bytes) break;
    latches.push_back(held->latch);
  }
  return latches;
}

// A detail that its reader takes.
std::string detail_of(const schemas::Error& error) {
  return schemas::printable(error.detail, schemas::kReasonMax_bytes);
}

schemas::HelloReply refused_hello(const schemas::Error& error) {
  schemas::HelloReply no;
  no.code = error.code;
  no.detail = detail_of(error);
  return no;
}

StoppedSoFar so_far(const StopCount& count) {
  StoppedSoFar so_far{count.confirmed.size(), count.of()};
  for (const LifeName& life : count.missing) {
    if (so_far.missing.size() == kMissingShown) break;
    so_far.missing.push_back(life.instance);
  }
  return so_far;
}

std::string who(const schemas::Address& address, const schemas::Instance& instance) {
  return address.text() + "@" + instance.text();
}

}  // namespace

void Agents::on(const HelloReceived& asked, Turn& turn) {
  ++turn.counters.hellos;
  if (asked.unreadable.code != Errc::kOk) {
    return turn.out.push_back(ReplyToAgent{asked.asker, refused_hello(asked.unreadable)});
  }
  if (asked.hello.goodbye) {
    const AgentInstance* gone = registry_.goodbye(
        asked.address, asked.instance, asked.hello.process, turn.now.boot_us, turn.now.wall_ms);
    if (gone == nullptr) return;
    turn.out.push_back(PutAgent{gone->stored});
    return note_of_agent(audit_line(turn.now, "agent-left", gone->name(), asked.address.text()),
                         asked.address, turn);
  }
  // Who does not know the head of the log cannot say what is killed.
  if (!ledger_.is_leading()) return;
  const auto life = ledger_.latches().incarnation(asked.address, asked.instance.text());
  const bool is_news =
      registry_.is_news(asked.address, asked.instance, asked.hello, life, turn.now.boot_us);
  const auto instance = registry_.hello(asked.address, asked.instance, asked.hello, life,
                                        turn.now.boot_us, turn.now.wall_ms);
  if (!instance) {
    return turn.out.push_back(ReplyToAgent{asked.asker, refused_hello(instance.error())});
  }
  if (is_news) {
    turn.out.push_back(PutAgent{(*instance)->stored});
    note_of_agent(audit_line(turn.now, "agent-announced", (*instance)->name(), asked.address.text(),
                             {}, OneText{"runtime", asked.hello.runtime}),
                  asked.address, turn);
  }
  turn.out.push_back(ListCheckpoints{asked.address, asked.instance, asked.asker});
}

void Agents::on(const CheckpointsListed& listed, Turn& turn) {
  schemas::HelloReply reply;
  const std::string& name = listed.instance.text();
  reply.incarnation = ledger_.latches().incarnation(listed.address, name);
  reply.beat_ms = options_.agents.beat_ms;
  reply.lease_ms = options_.agents.lease_ms;
  reply.latches = latches_of(ledger_.latches().covering(listed.address, name, kLatchesToldMax));
  if (listed.checkpoints) {
    reply.checkpoints = *listed.checkpoints;
  } else {  // an agent that starts without its checkpoints would begin anew
    reply.code = listed.checkpoints.error().code;
    reply.detail = detail_of(listed.checkpoints.error());
  }
  turn.out.push_back(ReplyToAgent{listed.asker, std::move(reply)});
}

void Agents::on(const BeatReceived& asked, Turn& turn) {
  ++turn.counters.beats;
  if (!ledger_.is_leading()) return;  // its lease is not ours to give
  const std::string& name = asked.instance.text();
  schemas::BeatReply reply;
  reply.nonce = asked.beat.nonce;
  reply.incarnation = ledger_.latches().incarnation(asked.address, name);
  reply.latches = latches_of(ledger_.latches().covering(asked.address, name, kLatchesToldMax));
  const AgentInstance* instance =
      registry_.beat(asked.address, asked.instance, asked.beat, turn.now.boot_us, turn.now.wall_ms);
  if (instance == nullptr) reply.code = Errc::kNotFound;
  turn.out.push_back(ReplyToAgent{asked.asker, std::move(reply)});
}

// --- Stopped ---

StopsMoved Agents::expect_stops(const std::string& op_id, const schemas::Scope& scope, Now now) {
  StopCount& count = registry_.expect_stops(op_id, scope, now.boot_us);
  count.last_told_us = now.boot_us;
  return {op_id, so_far(count)};
}

void Agents::on(const StoppedReceived& received, Turn& turn) {
  const AgentInstance* instance =
      registry_.find(received.address, received.instance, received.receipt.process);
  const StopCount* count = registry_.stops(received.receipt.op_id);
  if (instance == nullptr || count == nullptr || !count->missing.contains(instance->life())) return;
  if (!ledger_.had_seq(received.receipt.op_id, received.receipt.seq)) return;
  turn.out.push_back(CheckStopped{received.address, received.instance, received.receipt,
                                  received.bytes, instance->stored.key});
}

void Agents::on(const StoppedChecked& checked, Turn& turn) {
  const std::string& op_id = checked.receipt.op_id;
  if (!checked.good) {
    ++turn.counters.bad_signatures;
    turn.alarm(
        "forged-stop", checked.address.text(),
        "the receipt of " + checked.instance.text() + " for " + op_id + " is not signed by it");
    return;
  }
  AgentInstance* instance =
      registry_.find(checked.address, checked.instance, checked.receipt.process);
  if (instance == nullptr) return;
  if (checked.receipt.grace_exceeded) {
    // Something of it still runs: that is no stop. Another receipt follows when it has ended.
    note_of_agent(
        audit_line(turn.now, "instance-overdue", instance->name(), instance->name(), op_id),
        checked.address, turn);
    return;
  }
  StopCount* count = registry_.stopped(op_id, *instance);
  if (count == nullptr) return;
  ++turn.counters.stops_confirmed;
  instance->confirmed_op = op_id;
  turn.note(
      audit_line(turn.now, "instance-stopped", instance->name(), count->scope.text(), op_id,
                 InstanceStopped{checked.receipt.handlers_cancelled,
                                 checked.receipt.intents_dropped, checked.receipt.stopped_in_us}));
  tell_stops(op_id, *count, turn);
}

// At the end at once, on the way there now and then: with thousands of instances each answer names
// many.
void Agents::tell_stops(const std::string& op_id, StopCount& count, Turn& turn) {
  if (!count.missing.empty() && count.last_told_us != 0 &&
      turn.now.boot_us < count.last_told_us + kStopsEvery_us) {
    return;
  }
  count.last_told_us = turn.now.boot_us;
  turn.tell(StopsMoved{op_id, so_far(count)});
}

void Agents::tick(Turn& turn) {
  look_at_health(turn);
  note_sums(turn);
}

void Agents::look_at_health(Turn& turn) {
  if (turn.now.boot_us < next_health_us_) return;
  next_health_us_ = turn.now.boot_us + kHealthEvery_us;
  for (AgentInstance* instance : registry_.changed(turn.now.boot_us, turn.now.wall_ms)) {
    const AgentState state = instance->reported;
    const std::string kind = "agent-" + std::string(schemas::name(state));
    // A restart of control waits for whom it may find alive, not for the dead of all times.
    const bool is_past = state == AgentState::kCrashed;
    if (instance->is_stored_as_past != is_past) {
      instance->is_stored_as_past = is_past;
      StoredAgent stored = instance->stored;
      stored.left = stored.left || is_past;
      turn.out.push_back(PutAgent{std::move(stored)});
    }
    if (is_past) {
      note_of_agent(audit_line(turn.now, kind, instance->name(), instance->stored.address.text()),
                    instance->stored.address, turn);
    } else {
      const AuditLine seen =
          audit_line(turn.now, kind, instance->name(), instance->stored.address.text(), {});
      turn.publish(seen);
    }
  }
  // Stops that were held back while others came.
  for (auto& [op_id, count] : registry_.all_stops()) {
    if (!count.missing.empty() && !count.confirmed.empty()) tell_stops(op_id, count, turn);
  }
}

// --- Checkpoints and effects ---

void Agents::on(const StoreRequested& asked, Turn& turn) {
  if (const auto allowed = may_store(asked, turn.now); !allowed) {
    schemas::StoreReply no;
    no.code = allowed.error().code;
    no.detail = detail_of(allowed.error());
    turn.out.push_back(ReplyToAgent{asked.asker, std::move(no)});
    return;
  }
  turn.out.push_back(Store{asked.address, asked.instance, asked.request, asked.asker});
}

// What is done may be written down as long as this life lasts; what is new may not begin under a
// kill.
schemas::Result<void> Agents::may_store(const StoreRequested& asked, Now now) const {
  if (asked.unreadable.code != Errc::kOk) return tl::make_unexpected(asked.unreadable);
  if (!ledger_.is_leading()) return fail(Errc::kNoContact, "control does not lead yet");
  const std::string& name = asked.instance.text();
  const auto life = ledger_.latches().incarnation(asked.address, name);
  if (asked.request.incarnation != life) {
    return fail(Errc::kOldIncarnation,
                fmt::format("this life is {}, the address is at {}: say hello",
                            asked.request.incarnation, life));
  }
  const StoreOp op = asked.request.op;
  if (op != StoreOp::kPut && op != StoreOp::kEffectBegin) return {};
  for (const HeldKill* held : ledger_.latches().covering(asked.address, name)) {
    const bool in_grace = held->latch.mode == schemas::KillMode::kGrace &&
                          now.boot_us < held->since_us + held->grace_ms * 1'000ULL;
    if (op == StoreOp::kPut && in_grace) continue;
    return fail(Errc::kSenderKilled, kill_sentence(held->latch));
  }
  return {};
}

void Agents::on(const StoreAnswered& answer, Turn& turn) {
  turn.out.push_back(ReplyToAgent{answer.asker, answer.answer});
  if (answer.answer.code != Errc::kEffectAmbiguous) return;
  note_of_agent(audit_line(turn.now, "effect-ambiguous", who(answer.address, answer.instance),
                           answer.address.text(), {}, OneText{"key", answer.key}),
                answer.address, turn);
}

// --- Too much ---

void Agents::on(const AgentsDropped& dropped, Turn& turn) {
  if (dropped.had_little) {
    return turn.alarm(
        "agents-over-budget", {},
        fmt::format("{} messages of agents were dropped unread in about a second, though "
                    "each said little: all together say more than control reads",
                    dropped.messages));
  }
  const auto address = schemas::Address::from_tokens(dropped.address);
  turn.alarm(
      "agent-over-budget", address ? address->text() : std::string(),
      fmt::format("{} messages of it were dropped unread in about a second: its credential says "
                  "more than all its instances should, or than its part while many say much",
                  dropped.messages));
}

void Agents::note_of_agent(AuditLine line, const schemas::Address& address, Turn& turn) {
  if (audit_sums_.writes(line.kind, address.text(), turn.now.boot_us)) turn.note(std::move(line));
}

void Agents::note_sums(Turn& turn) {
  for (const AuditSums::Sum& sum : audit_sums_.take(turn.now.boot_us)) {
    turn.note(audit_line(turn.now, sum.kind, "control", sum.address, {},
                         MoreOfIt{sum.more, kAgentLines_us / 1'000'000}));
  }
}

}  // namespace estop::control
