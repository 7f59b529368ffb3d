// SPDX-License-Identifier: Apache-2.0
#include "control/core/control_core.h"

#include <type_traits>
#include <utility>

#include "control/core/sentences.h"

namespace estop::control {

namespace {

template <class Module, class Happened>
concept Hears = requires(Module module, const Happened& happened, Turn& turn) {
  module.on(happened, turn);
};

}  // namespace

ControlCore::ControlCore(CoreOptions options, schemas::SigningKey log_key)
    : options_(std::move(options)),
      ledger_(std::move(log_key), options_.ended_ops_max, options_.snapshot_every),
      ops_(ledger_),
      lookups_(ledger_),
      bridges_(options_, ledger_),
      agents_(options_, ledger_),
      access_(options_, ledger_, ops_, agents_.registry(), orders_),
      flow_(ledger_, ops_, orders_, bridges_, agents_),
      rules_(ledger_, bridges_, agents_.registry()),
      second_(options_, ledger_, ops_, orders_, flow_, rules_),
      signed_(options_, ledger_, ops_, orders_, bridges_, flow_, second_, lookups_),
      questions_(options_, ledger_, bridges_, agents_, ops_, flow_),
      operators_(options_,
                 {ledger_, ops_, orders_, flow_, rules_, second_, access_, questions_, lookups_}) {}

Effects ControlCore::start(StoredLog log, const std::vector<StoredAgent>& agents,
                           std::string fresh_id, Now now) {
  Turn turn(now, alarms_told_, counters_);
  questions_.started(now);
  for (const StoredAgent& agent : agents) agents_.restore(agent, now);
  turn.out.push_back(FindBeginning{});
  turn.note(audit_line(now, "control-started", "control"));
  auto begins = log_start(std::move(log.records));
  if (!begins) {
    turn.out.push_back(Stop{"the recorder's log: " + to_string(begins.error())});
    return std::move(turn.out);
  }
  bridges_.had_joined(begins->joined());
  ledger_.begin(std::move(*begins), log.older_ops, std::move(fresh_id), turn.out);
  return std::move(turn.out);
}

Effects ControlCore::handle(const Event& event, Now now) {
  Turn turn(now, alarms_told_, counters_);
  std::visit([&](const auto& happened) { on(happened, turn); }, event);
  spread_all(turn);
  ledger_.store_new(turn.out);
  return std::move(turn.out);
}

template <class Happened>
void ControlCore::on(const Happened& happened, Turn& turn) {
  const auto tell = [&](auto&... modules) {
    constexpr int kListeners = (0 + ... + (Hears<decltype(modules), Happened> ? 1 : 0));
    static_assert(kListeners == 1, "an event has one module, or a handler of the core");
    const auto offer = [&](auto& module) {
      if constexpr (Hears<decltype(module), Happened>) module.on(happened, turn);
    };
    (offer(modules), ...);
  };
  tell(feed_, bridges_, agents_, access_, signed_, questions_, operators_);
}

void ControlCore::spread_all(Turn& turn) {
  while (const auto fact = turn.next_fact()) spread(*fact, turn);
}

// Any number of modules may hear a fact, but nobody is left out by mistake: one does.
void ControlCore::spread(const Fact& fact, Turn& turn) {
  const auto among = [&](const auto& happened, auto&... modules) {
    static_assert((0 + ... + (Hears<decltype(modules), std::decay_t<decltype(happened)>> ? 1 : 0)) >
                  0);
    const auto offer = [&](auto& module) {
      if constexpr (Hears<decltype(module), std::decay_t<decltype(happened)>>) {
        module.on(happened, turn);
      }
    };
    (offer(modules), ...);
  };
  std::visit([&](const auto& one) { among(one, bridges_, agents_, access_, flow_); }, fact);
}

void ControlCore::tell(std::vector<LedgerNews> news, Turn& turn) {
  for (LedgerNews& item : news) {
    switch (item.what) {
      case LedgerNews::What::kCommitted:
        turn.tell(RecordCommitted{std::move(item.record)});
        break;
      case LedgerNews::What::kDurable:
        turn.tell(RecordDurable{std::move(item.record)});
        break;
      case LedgerNews::What::kApplied:
        turn.tell(RecordApplied{std::move(item.record)});
        break;
    }
  }
}

// --- The log ---

void ControlCore::on(const StreamRead& read, Turn& turn) {
  const bool was_blind = ledger_.is_blind();
  tell(ledger_.on_stream(read, turn.now, turn.out), turn);
  if (was_blind && !ledger_.is_blind()) bridges_.had_joined(ledger_.joined());
}

void ControlCore::on(const AppendAnswered& answer, Turn& turn) {
  tell(ledger_.on_append(answer, turn.out), turn);
  const auto code = answer.result ? schemas::Errc::kOk : answer.result.error().code;
  const bool is_refused =
      code == schemas::Errc::kStoreUnavailable || code == schemas::Errc::kTimeout;
  if (is_refused) turn.alarm("stream-failed", {}, stream_sentence(answer.result.error().detail));
}

void ControlCore::on(const RecordStored& stored, Turn& turn) {
  if (!stored.result) {
    turn.alarm("recorder-failed", {}, schemas::to_string(stored.result.error()));
  }
  tell(ledger_.on_stored(stored, turn.out), turn);
}

void ControlCore::on(const LinkChanged& link, Turn&) {
  ledger_.on_link(link.up);
}

void ControlCore::on(const OrderFound& found, Turn& turn) {
  flow_.tell_line(found, turn);
  go_on(lookups_.answered(found, turn), turn);
}

void ControlCore::go_on(const std::vector<Lookups::Asked>& looked_up, Turn& turn) {
  for (const Lookups::Asked& asked : looked_up) {
    if (const auto* command = std::get_if<CommandReceived>(&asked))
      operators_.go_on(*command, turn);
    if (const auto* order = std::get_if<EmergencyReceived>(&asked)) signed_.on(*order, turn);
  }
}

// What it holds is a kill before its bridge is granted anything.
void ControlCore::on(const BridgeBeatReceived& received, Turn& turn) {
  const Bridge* bridge = bridges_.hear(received, turn);
  if (bridge == nullptr) return;
  signed_.adopt_held(received, turn);
  bridges_.answer(*bridge, received.beat, turn);
}

void ControlCore::on(const StreamPurged& purged, Turn& turn) {
  ledger_.on_purged(purged, turn.out);
  if (purged.result) return;
  turn.alarm(
      "log-not-cut", {},
      "the stream keeps what stands before the snapshots: " + to_string(purged.result.error()));
}

// Nobody is stopped by its want: it waits until all who joined can read it.
void ControlCore::write_snapshot(Turn& turn) {
  const bool all_read = bridges_.all_heard() &&
                        bridges_.all_read(schemas::RecordKind::kSnapshotPart) &&
                        bridges_.all_read(schemas::RecordKind::kSnapshot);
  if (!all_read || turn.now.boot_us < next_snapshot_us_) return;
  const std::string problem = ledger_.write_snapshot(turn.now, turn.out);
  if (problem.empty()) return;
  next_snapshot_us_ = turn.now.boot_us + kAlarmAgain_us;  // it takes a look at every kill
  turn.alarm("snapshot-differs", {}, "no snapshot of the log is signed: " + problem);
}

// --- Time ---

void ControlCore::on(const Tick& tick, Turn& turn) {
  ledger_.tick(turn.now, tick.recorder_healthy, turn.out);
  write_snapshot(turn);
  ledger_.purge_stream(bridges_.all_applied(), turn.now, turn.out);
  bridges_.tick(turn);
  spread_all(turn);  // whose fence ends now is not given up below
  flow_.repeat_unconfirmed(turn);
  access_.revoke_fenced(turn);
  agents_.tick(turn);
  second_.expire(turn);
  go_on(lookups_.expired(turn), turn);
  access_.look_at_clients(tick, turn);
  flow_.end_old(turn);
  alarms_told_.forget_old(turn.now.boot_us);
}

}  // namespace estop::control
