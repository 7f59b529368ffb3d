// What control decides about bridges: who joins, who may have a lease, whose confirmation counts.
#include <utility>

#include "control/core/control_core.h"
#include "schemas/codec.h"

namespace estop::control {

using schemas::BridgeState;
using schemas::RecordKind;

void ControlCore::on(const BridgeBeatReceived& received, Now now, Effects& out) {
  const schemas::BridgeBeat& beat = received.beat;
  const std::string& id = received.bridge;
  const bool leading = ledger_.is_leading();
  const bool trusted = leading && beat.bridge == id && ledger_.contains(beat.applied);
  Bridge& bridge = roster_.heard(id, beat, trusted, now.boot_us);
  for (std::size_t i = 0; i < beat.held.size() && i < kHeldMax; ++i) {
    adopt(id, beat.held[i], now, out);
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
    append_bridge(RecordKind::kBridgeJoined, id, beat.key, now, out);
  }
  publish_lease(now, out);
}

void ControlCore::append_bridge(RecordKind kind, const std::string& id,
                                const schemas::PublicKey& key, Now now, Effects& out) {
  if (!bridges_moving_.insert(id).second) return;
  const std::string label(schemas::name(kind));
  const std::string op_id =
      "bridge-" + std::to_string(ledger_.term()) + "-" + std::to_string(++own_ops_);
  schemas::Record draft = draft_of(kind, op_id, "control");
  draft.target = id;
  if (kind == RecordKind::kBridgeJoined) draft.key.assign(key.begin(), key.end());
  AuditEntry entry = audit_line(now, label, "control", id, draft.op_id);
  out.push_back(PublishEvent{*schemas::Segment::parse(label), event_json(entry)});
  ledger_.append(std::move(draft), std::move(entry), now, out);
}

void ControlCore::on(const BridgeReceiptReceived& received, Now now, Effects& out) {
  Gathering* gathering = roster_.confirm(received.bridge, received.receipt, now.boot_us);
  if (gathering == nullptr) return;
  if (Order* order = orders_.find(received.receipt.op_id)) gathered(*order, *gathering, now, out);
  const Bridge& bridge = roster_.all().at(received.bridge);
  out.push_back(
      CheckBridgeReceipt{received.bridge, received.receipt.op_id, received.bytes, bridge.key});
}

void ControlCore::on(const BridgeReceiptChecked& checked, Now now, Effects& out) {
  if (checked.good) return;
  ++counters_.bad_signatures;
  alarm("forged-receipt", checked.bridge,
        "its receipt for " + checked.op_id + " is not signed by it", now, out);
  const Gathering* gathering = roster_.withdraw(checked.bridge, checked.op_id);
  Order* order = orders_.find(checked.op_id);
  if (gathering == nullptr || order == nullptr) return;
  const Stage stage = gathering->is_kill ? Stage::kFenced : Stage::kOpened;
  order->reached = static_cast<StageSet>(order->reached & ~bit(stage));
  orders_.tell(*order, stage, gathering_json(*gathering), out);
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
  } else {
    const schemas::Address address = order.scope.address();
    out.push_back(
        PublishToAgents{address.empty() ? std::nullopt : std::optional(address), order.frame});
  }
  orders_.reach(order, stage, told, out);
  note(audit_line(now, std::string(name(stage)), "control", order.scope.text(), order.op_id, told),
       out);
}

}  // namespace estop::control
