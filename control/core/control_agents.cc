// SPDX-License-Identifier: Apache-2.0

// What control does when an agent speaks, or is silent.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"
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

std::string who(const schemas::Address& address, const schemas::Instance& instance) {
  return address.text() + "@" + instance.text();
}

}  // namespace

void ControlCore::on(const HelloReceived& asked, Now now, Effects& out) {
  ++counters_.hellos;
  if (asked.unreadable.code != Errc::kOk) {
    schemas::HelloReply no;
    no.code = asked.unreadable.code;
    no.detail = detail_of(asked.unreadable);
    out.push_back(ReplyToAgent{asked.reply, schemas::encode(no)});
    return;
  }
  if (asked.hello.goodbye) {
    const AgentInstance* gone = registry_.goodbye(asked.address, asked.instance,
                                                  asked.hello.process, now.boot_us, now.wall_ms);
    if (gone == nullptr) return;
    out.push_back(PutAgent{gone->stored});
    note_of_agent(audit_line(now, "agent-left", gone->name(), asked.address.text()), asked.address,
                  now, out);
    return;
  }
  // Who does not know the head of the log cannot say what is killed.
  if (!ledger_.is_leading()) return;
  const auto life = ledger_.latches().incarnation(asked.address, asked.instance.text());
  const bool is_news =
      registry_.is_news(asked.address, asked.instance, asked.hello, life, now.boot_us);
  const auto instance =
      registry_.hello(asked.address, asked.instance, asked.hello, life, now.boot_us, now.wall_ms);
  if (!instance) {
    schemas::HelloReply no;
    no.code = instance.error().code;
    no.detail = detail_of(instance.error());
    out.push_back(ReplyToAgent{asked.reply, schemas::encode(no)});
    return;
  }
  if (is_news) {
    out.push_back(PutAgent{(*instance)->stored});
    note_of_agent(audit_line(now, "agent-announced", (*instance)->name(), asked.address.text(), {},
                             text_detail("runtime", asked.hello.runtime)),
                  asked.address, now, out);
  }
  out.push_back(ListCheckpoints{asked.address, asked.instance, asked.reply});
}

void ControlCore::on(const CheckpointsListed& listed, Now, Effects& out) {
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
  out.push_back(ReplyToAgent{listed.reply, schemas::encode(reply)});
}

void ControlCore::on(const BeatReceived& asked, Now now, Effects& out) {
  ++counters_.beats;
  if (!ledger_.is_leading()) return;  // its lease is not ours to give
  const std::string& name = asked.instance.text();
  schemas::BeatReply reply;
  reply.nonce = asked.beat.nonce;
  reply.incarnation = ledger_.latches().incarnation(asked.address, name);
  reply.latches = latches_of(ledger_.latches().covering(asked.address, name, kLatchesToldMax));
  const AgentInstance* instance =
      registry_.beat(asked.address, asked.instance, asked.beat, now.boot_us, now.wall_ms);
  if (instance == nullptr) reply.code = Errc::kNotFound;
  out.push_back(ReplyToAgent{asked.reply, schemas::encode(reply)});
}

// --- Stopped ---

void ControlCore::on(const StoppedReceived& received, Now, Effects& out) {
  const AgentInstance* instance =
      registry_.find(received.address, received.instance, received.receipt.process);
  const StopCount* count = registry_.stops(received.receipt.op_id);
  if (instance == nullptr || count == nullptr || !count->missing.contains(instance->life())) return;
  if (!ledger_.had_seq(received.receipt.op_id, received.receipt.seq)) return;
  out.push_back(CheckStopped{received.address, received.instance, received.receipt, received.bytes,
                             instance->stored.key});
}

void ControlCore::on(const StoppedChecked& checked, Now now, Effects& out) {
  const std::string& op_id = checked.receipt.op_id;
  if (!checked.good) {
    ++counters_.bad_signatures;
    alarm("forged-stop", checked.address.text(),
          "the receipt of " + checked.instance.text() + " for " + op_id + " is not signed by it",
          now, out);
    return;
  }
  AgentInstance* instance =
      registry_.find(checked.address, checked.instance, checked.receipt.process);
  if (instance == nullptr) return;
  if (checked.receipt.grace_exceeded) {
    // Something of it still runs: that is no stop. Another receipt follows when it has ended.
    note_of_agent(
        audit_line(now, "instance-overdue", instance->name(), instance->name(), op_id, "{}"),
        checked.address, now, out);
    return;
  }
  StopCount* count = registry_.stopped(op_id, *instance);
  Order* order = orders_.find(op_id);
  if (count == nullptr || order == nullptr) return;
  ++counters_.stops_confirmed;
  instance->confirmed_op = op_id;
  note(audit_line(now, "instance-stopped", instance->name(), order->scope.text(), op_id,
                  fmt::format(R"({{"cancelled":{},"dropped":{},"us":{}}})",
                              checked.receipt.handlers_cancelled, checked.receipt.intents_dropped,
                              checked.receipt.stopped_in_us)),
       out);
  tell_stops(*order, *count, now, out);
}

// At the end at once, on the way there now and then: with thousands of instances each answer names
// many.
void ControlCore::tell_stops(Order& order, StopCount& count, Now now, Effects& out) {
  const bool complete = count.missing.empty();
  if (order.has(Stage::kStopped)) return;
  if (!complete && count.last_told_us != 0 && now.boot_us < count.last_told_us + kStopsEvery_us) {
    return;
  }
  count.last_told_us = now.boot_us;
  const std::string told = stopped_json(count);
  if (!complete) return orders_.tell(order, Stage::kStopped, told, out);
  orders_.reach(order, Stage::kStopped, told, out);
  if (count.of() == 0) return;
  out.push_back(OrderTimed{Stage::kStopped, now.boot_us - order.started_us});
  note(audit_line(now, "stopped", "control", order.scope.text(), order.op_id, told), out);
}

void ControlCore::look_at_health(Now now, Effects& out) {
  if (now.boot_us < next_health_us_) return;
  next_health_us_ = now.boot_us + kHealthEvery_us;
  for (AgentInstance* instance : registry_.changed(now.boot_us, now.wall_ms)) {
    const AgentState state = instance->reported;
    const std::string kind = "agent-" + std::string(schemas::name(state));
    // A restart of control waits for whom it may find alive, not for the dead of all times.
    const bool is_past = state == AgentState::kCrashed;
    if (instance->is_stored_as_past != is_past) {
      instance->is_stored_as_past = is_past;
      StoredAgent stored = instance->stored;
      stored.left = stored.left || is_past;
      out.push_back(PutAgent{std::move(stored)});
    }
    if (is_past) {
      note_of_agent(audit_line(now, kind, instance->name(), instance->stored.address.text()),
                    instance->stored.address, now, out);
    } else {
      const AuditEntry seen =
          audit_line(now, kind, instance->name(), instance->stored.address.text(), {}, "{}");
      publish_event(seen, 0, out);
    }
  }
  // Stops that were held back while others came.
  for (auto& [op_id, order] : orders_.all()) {
    StopCount* count = registry_.stops(op_id);
    if (count != nullptr && !count->missing.empty() && !count->confirmed.empty()) {
      tell_stops(order, *count, now, out);
    }
  }
}

// --- Checkpoints and effects ---

void ControlCore::on(const StoreRequested& asked, Now now, Effects& out) {
  if (const auto allowed = may_store(asked, now); !allowed) {
    schemas::StoreReply no;
    no.code = allowed.error().code;
    no.detail = detail_of(allowed.error());
    out.push_back(ReplyToAgent{asked.reply, schemas::encode(no)});
    return;
  }
  out.push_back(Store{asked.address, asked.instance, asked.request, asked.reply});
}

// What is done may be written down as long as this life lasts; what is new may not begin under a
// kill.
schemas::Result<void> ControlCore::may_store(const StoreRequested& asked, Now now) const {
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

void ControlCore::on(const StoreAnswered& answer, Now now, Effects& out) {
  out.push_back(ReplyToAgent{answer.reply, schemas::encode(answer.answer)});
  if (answer.answer.code != Errc::kEffectAmbiguous) return;
  note_of_agent(audit_line(now, "effect-ambiguous", who(answer.address, answer.instance),
                           answer.address.text(), {}, text_detail("key", answer.key)),
                answer.address, now, out);
}

// --- Too much ---

void ControlCore::on(const AgentsDropped& dropped, Now now, Effects& out) {
  if (dropped.had_little) {
    return alarm("agents-over-budget", {},
                 fmt::format("{} messages of agents were dropped unread in about a second, though "
                             "each said little: all together say more than control reads",
                             dropped.messages),
                 now, out);
  }
  const auto address = schemas::Address::from_tokens(dropped.address);
  alarm("agent-over-budget", address ? address->text() : std::string(),
        fmt::format("{} messages of it were dropped unread in about a second: its credential says "
                    "more than all its instances should, or than its part while many say much",
                    dropped.messages),
        now, out);
}

void ControlCore::note_of_agent(AuditEntry entry, const schemas::Address& address, Now now,
                                Effects& out) {
  if (audit_sums_.writes(entry.kind, address.text(), now.boot_us)) note(std::move(entry), out);
}

void ControlCore::note_sums(Now now, Effects& out) {
  for (const AuditSums::Sum& sum : audit_sums_.take(now.boot_us)) {
    note(
        audit_line(now, sum.kind, "control", sum.address, {},
                   fmt::format(R"({{"more":{},"in_s":{}}})", sum.more, kAgentLines_us / 1'000'000)),
        out);
  }
}

}  // namespace estop::control
