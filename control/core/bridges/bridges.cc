// SPDX-License-Identifier: Apache-2.0
#include "control/core/bridges/bridges.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/core/log/feed.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::BridgeState;
using schemas::RecordKind;

namespace {

std::vector<std::string> ids_of(const std::set<BridgeName>& bridges) {
  std::vector<std::string> ids;
  for (const BridgeName& name : bridges) ids.push_back(name.id);
  return ids;
}

BridgesMoved moved(const Gathering& gathering) {
  Gathered so_far{.is_kill = gathering.is_kill,
                  .confirmed = gathering.confirmed.size() + gathering.outlived.size(),
                  .of = gathering.of(),
                  .missing = ids_of(gathering.waiting),
                  .outlived = ids_of(gathering.outlived),
                  .forwarded_before = gathering.forwarded_before};
  if (gathering.done_us != 0) so_far.took_us = gathering.done_us - gathering.started_us;
  return {gathering.op_id, std::move(so_far)};
}

}  // namespace

Bridges::Bridges(const CoreOptions& options, Ledger& ledger)
    : options_(options), ledger_(ledger), roster_(options.roster) {}

void Bridges::had_joined(const JoinedBridges& bridges) {
  for (const auto& [name, key] : bridges) roster_.joined(name, key, true);
}

// --- Beats ---

const Bridge* Bridges::hear(const BridgeBeatReceived& received, Turn& turn) {
  const schemas::BridgeBeat& beat = received.beat;
  if (beat.bridge != received.bridge) {
    turn.alarm("forged-beat", received.bridge, "the bridge beats in the name of " + beat.bridge);
    return nullptr;
  }
  const bool trusted = ledger_.is_leading() && ledger_.contains(beat.applied);
  return &roster_.heard(beat, trusted, turn.now.boot_us);
}

void Bridges::answer(const Bridge& bridge, const schemas::BridgeBeat& beat, Turn& turn) {
  const std::string& id = bridge.name.id;
  if (beat.after_fence > 0) {
    turn.alarm("after-fence", id, "the bridge's gate contradicts itself: it refused late");
  }
  if (!ledger_.is_leading()) return;
  // One that is that far behind is granted nothing, and reads on.
  if (ledger_.is_before_start(beat.applied)) return publish_lease(turn);
  if (!ledger_.contains(beat.applied)) {
    return turn.alarm("bridge-log-differs", id,
                      "the bridge applied a log that is not this one: no lease");
  }
  const bool known = bridge.joined && bridge.key == beat.key;
  const bool asks = beat.state == BridgeState::kJoining && beat.applied == ledger_.head();
  if (!known && asks && !ledger_.is_full()) {
    append(schemas::BridgeJoined{.bridge = id,
                                 .process = bridge.name.process,
                                 .key = {beat.key.begin(), beat.key.end()}},
           bridge.name, turn);
  }
  publish_lease(turn);
}

void Bridges::append(schemas::RecordBody body, const BridgeName& name, Turn& turn) {
  schemas::Record draft = draft_of(std::move(body), {}, "control");
  if (const auto read = all_read(draft.kind()); !read) {
    return turn.alarm("bridge-reads-less", name.id, read.error().detail);
  }
  if (!moving_.insert(name).second) return;
  const std::string label(schemas::name(draft.kind()));
  draft.op_id = fmt::format("bridge-{}-{}", ledger_.term(), ++own_ops_);
  AuditLine entry = audit_line(turn.now, label, "control", name.id, draft.op_id,
                               OneText{"process", name.process});
  publish_unless_stored(entry, ledger_, turn);
  ledger_.append(std::move(draft), std::move(entry), turn.now, turn.out);
}

// Who meets a record that it cannot read closes for good. For a stop that is right (it is written
// all the same); whatever else may wait until that bridge is updated or stopped.
schemas::Result<void> Bridges::all_read(RecordKind kind) const {
  const auto others = roster_.cannot_read(kind);
  if (others.empty()) return {};
  std::string names;
  for (const BridgeName& one : others) {
    names += fmt::format("{}{} (process {})", names.empty() ? "" : ", ", one.id, one.process);
  }
  return schemas::fail(schemas::Errc::kUnknownType,
                       fmt::format("bridge {} does not read records of the kind '{}' and would "
                                   "close for good: update or stop it first",
                                   names, schemas::name(kind)));
}

bool Bridges::all_heard() const {
  const auto& all = roster_.all();
  return std::all_of(all.begin(), all.end(), [](const auto& one) {
    return !one.second.joined || one.second.heard_us != 0;
  });
}

std::uint64_t Bridges::all_applied() const {
  std::uint64_t least = UINT64_MAX;
  for (const auto& [name, bridge] : roster_.all()) {
    if (bridge.joined) least = std::min(least, bridge.beat.applied.seq);
  }
  return least;
}

// H59: no kill that is not committed is left out. Where they do not fit one frame there are
// several, and the grants are in the last. Each says how many kills there are, with their digest:
// a bridge that missed one takes no grant.
void Bridges::publish_lease(Turn& turn) {
  if (!ledger_.is_leading()) return;
  next_lease_us_ = turn.now.boot_us + options_.lease_every_us;
  schemas::LeaseFrame frame;
  frame.leader = options_.process;
  frame.term = ledger_.term();
  frame.head = ledger_.head();
  frame.begins = ledger_.begins();
  frame.sent_at_ms = turn.now.wall_ms;
  auto kills = ledger_.kills_beyond_head();
  frame.round = ++lease_round_;
  frame.uncommitted_count = kills.hashes.size();
  frame.uncommitted_digest = schemas::digest_of(kills.hashes);
  for (auto& part : kills.parts) {
    frame.uncommitted = std::move(part);
    if (&part == &kills.parts.back()) frame.grants = roster_.grant();
    auto bytes = schemas::sign_lease(frame, ledger_.key());
    if (!bytes) return turn.alarm("unwritable-lease", "control", to_string(bytes.error()));
    turn.out.push_back(PublishLease{std::move(*bytes)});
  }
}

void Bridges::tick(Turn& turn) {
  for (const std::string& op_id : roster_.settle(turn.now.boot_us)) {
    turn.tell(moved(*roster_.find(op_id)));
  }
  const bool leading = ledger_.is_leading();
  const auto silent = leading ? roster_.silent(turn.now.boot_us) : std::vector<BridgeName>{};
  for (const BridgeName& name : silent) {
    if (moving_.contains(name)) continue;
    const bool clean = roster_.all().at(name).beat.state == BridgeState::kLeaving;
    if (!clean) {
      turn.alarm("bridge-lost", name.id,
                 "the bridge (process " + name.process + ") is silent and its lease is over");
    }
    roster_.leaves(name);
    append(schemas::BridgeLeft{.bridge = name.id, .process = name.process}, name, turn);
  }
  roster_.forget_gone(turn.now.boot_us);
  if (turn.now.boot_us >= next_lease_us_) publish_lease(turn);
}

// What opens something is told to the bridges at once.
void Bridges::on(const RecordApplied& applied, Turn& turn) {
  const schemas::Record& record = applied.record.record;
  if (const auto* joined = std::get_if<schemas::BridgeJoined>(&record.body)) {
    const BridgeName name{joined->bridge, joined->process};
    moving_.erase(name);
    roster_.joined(name, key_of(*joined), false);
    publish_lease(turn);
  } else if (const auto* left = std::get_if<schemas::BridgeLeft>(&record.body)) {
    const BridgeName name{left->bridge, left->process};
    moving_.erase(name);
    roster_.left(name, turn.now.boot_us);
  } else if (record.is<schemas::TermOpened>()) {
    publish_lease(turn);
  }
}

// --- Whose confirmation counts ---

BridgesMoved Bridges::wait_for(const std::string& op_id, std::uint64_t seq, bool is_kill, Now now) {
  return moved(roster_.gather(op_id, seq, is_kill, now.boot_us));
}

// What is told to an operator is signed: 174 µs before he hears of the fence.
void Bridges::on(const BridgeReceiptReceived& received, Turn& turn) {
  const BridgeName name{received.bridge, received.receipt.process};
  const Bridge* bridge = roster_.awaited(name, received.receipt.op_id);
  if (bridge == nullptr) return;
  turn.out.push_back(
      CheckBridgeReceipt{received.bridge, received.receipt, received.bytes, bridge->key});
}

void Bridges::on(const BridgeReceiptChecked& checked, Turn& turn) {
  const std::string& op_id = checked.receipt.op_id;
  if (!checked.good) {
    ++turn.counters.bad_signatures;
    return turn.alarm("forged-receipt", checked.bridge,
                      "its receipt for " + op_id + " is not signed by it");
  }
  const Gathering* gathering = roster_.confirm(checked.receipt, turn.now.boot_us);
  if (gathering != nullptr) turn.tell(moved(*gathering));
}

}  // namespace estop::control
