// SPDX-License-Identifier: Apache-2.0

// What control decides about bridges: who joins, who may have a lease, whose confirmation counts.
#include <fmt/format.h>

#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::BridgeState;
using schemas::RecordKind;

void ControlCore::on(const BridgeBeatReceived& received, Now now, Effects& out) {
  const schemas::BridgeBeat& beat = received.beat;
  const std::string& id = received.bridge;
  if (beat.bridge != id) {
    return alarm("forged-beat", id, "the bridge beats in the name of " + beat.bridge, now, out);
  }
  const bool leading = ledger_.is_leading();
  const bool trusted = leading && ledger_.contains(beat.applied);
  Bridge& bridge = roster_.heard(beat, trusted, now.boot_us);
  std::size_t adopted = 0;
  for (const schemas::Bytes& held : beat.held) {
    if (adopted < kHeldMax && adopt(id, held, now, out)) ++adopted;
  }
  if (beat.after_fence > 0) {
    alarm("after-fence", id, "the bridge's gate contradicts itself: it refused late", now, out);
  }
  if (!leading) return;
  if (!trusted) {
    alarm("bridge-log-differs", id, "the bridge applied a log that is not this one: no lease", now,
          out);
    return;
  }
  const bool known = bridge.joined && bridge.key == beat.key;
  const bool asks = beat.state == BridgeState::kJoining && beat.applied == ledger_.head();
  if (!known && asks && !ledger_.is_full()) {
    append_bridge(RecordKind::kBridgeJoined, bridge.name, beat.key, now, out);
  }
  publish_lease(now, out);
}

void ControlCore::append_bridge(RecordKind kind, const BridgeName& name,
                                const schemas::PublicKey& key, Now now, Effects& out) {
  if (const auto read = all_bridges_read(kind); !read) {
    return alarm("bridge-reads-less", name.id, read.error().detail, now, out);
  }
  if (!bridges_moving_.insert(name).second) return;
  const std::string label(schemas::name(kind));
  const std::string op_id =
      "bridge-" + std::to_string(ledger_.term()) + "-" + std::to_string(++own_ops_);
  schemas::Record draft = draft_of(kind, op_id, "control");
  draft.target = name.id;
  draft.process = name.process;
  if (kind == RecordKind::kBridgeJoined) draft.key.assign(key.begin(), key.end());
  AuditEntry entry =
      audit_line(now, label, "control", name.id, draft.op_id, text_detail("process", name.process));
  publish_unless_stored(entry, out);
  ledger_.append(std::move(draft), std::move(entry), now, out);
}

// Who meets a record that it cannot read closes for good. For a stop that is right (it is written
// all the same); whatever else may wait until that bridge is updated or stopped.
schemas::Result<void> ControlCore::all_bridges_read(RecordKind kind) const {
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

// What is told to an operator is signed: 174 µs before he hears of the fence.
void ControlCore::on(const BridgeReceiptReceived& received, Now, Effects& out) {
  const BridgeName name{received.bridge, received.receipt.process};
  const Bridge* bridge = roster_.awaited(name, received.receipt.op_id);
  if (bridge == nullptr) return;
  out.push_back(CheckBridgeReceipt{received.bridge, received.receipt, received.bytes, bridge->key});
}

void ControlCore::on(const BridgeReceiptChecked& checked, Now now, Effects& out) {
  const std::string& op_id = checked.receipt.op_id;
  if (!checked.good) {
    ++counters_.bad_signatures;
    return alarm("forged-receipt", checked.bridge,
                 "its receipt for " + op_id + " is not signed by it", now, out);
  }
  Gathering* gathering = roster_.confirm(checked.receipt, now.boot_us);
  Order* order = orders_.find(op_id);
  if (gathering != nullptr && order != nullptr) gathered(*order, *gathering, now, out);
}

// Progress of a fence, or of a resume on its way through the bridges.
void ControlCore::gathered(Order& order, const Gathering& gathering, Now now, Effects& out) {
  const Stage stage = gathering.is_kill ? Stage::kFenced : Stage::kOpened;
  const std::string told = gathering_json(gathering);
  if (gathering.done_us == 0 || order.has(stage)) {
    orders_.tell(order, stage, told, out);
    return;
  }
  if (gathering.is_kill) {
    out.push_back(OrderTimed{stage, gathering.done_us - gathering.started_us});
  } else if (!order.frame.empty()) {  // empty: asked for again, the runtimes have heard it
    const schemas::Address address = order.scope.address();
    out.push_back(
        PublishToAgents{address.empty() ? std::nullopt : std::optional(address), order.frame});
  }
  orders_.reach(order, stage, told, out);
  // Nobody waits for what comes now: the answer leaves first, and a kill whose record waits for its
  // fence is written.
  out.push_back(Flush{});
  if (unwritten_.contains(order.op_id)) out.push_back(WriteSoon{order.op_id});
  note(audit_line(now, std::string(name(stage)), "control", order.scope.text(), order.op_id, told),
       out);
}

}  // namespace estop::control
