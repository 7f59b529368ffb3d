// SPDX-License-Identifier: Apache-2.0
#include "schemas/former.h"

#include "schemas/pack.h"
#include "schemas/signing.h"

namespace estop::schemas {
namespace {

constexpr std::uint64_t kFormerVersion = 1;

// All kinds had all fields.
RecordBody body_of(RecordKind kind, Kill kill, Resume resume, const std::string& target,
                   Bytes key) {
  switch (kind) {
    case RecordKind::kKill:
      kill.given_as = target;
      return kill;
    case RecordKind::kResume:
      return resume;
    case RecordKind::kBridgeJoined:
      return BridgeJoined{.bridge = target, .process = {}, .key = std::move(key)};
    case RecordKind::kBridgeLeft:
      return BridgeLeft{.bridge = target, .process = {}};
    case RecordKind::kEpochOpened:
      return EpochOpened{target};
    case RecordKind::kTermOpened:
      return TermOpened{target};
    case RecordKind::kSnapshotPart:  // the former version had none
    case RecordKind::kSnapshot:
    case RecordKind::kFirstSkippable:
      break;
  }
  return Skipped{kind};
}

}  // namespace

Result<SignedRecord> open_former_record(std::string_view frame) {
  ArrayReader outer(frame, 3, kRecordMax_bytes, Tags::kNone, kFormerVersion);
  const Bytes body = outer.bin(kRecordMax_bytes);
  (void)outer.fixed<64>();
  if (!outer.ok()) return tl::make_unexpected(outer.error());
  ArrayReader in(body, 18, kRecordMax_bytes, Tags::kNone, kFormerVersion);
  Record r;
  r.epoch = in.number();
  r.term = in.number();
  r.seq = in.number();
  r.prev = in.fixed<32>();
  r.op_id = in.text(kOpIdMax_bytes);
  const auto kind = in.member<RecordKind>();
  const auto scope = Scope::parse(in.text(kNameMax_bytes));
  if (in.ok() && !scope) in.fault(scope.error());
  Kill kill{.scope = scope.value_or(Scope{})};
  kill.mode = in.member<KillMode>();
  kill.grace_ms = in.number32();
  r.actor.name = in.text(kSegmentMax_bytes);
  if (r.actor.name == "control") r.actor.kind = ActorKind::kControl;
  r.reason = in.text(kReasonMax_bytes);
  r.issued_at_ms = in.number();
  Resume resume{.scope = kill.scope, .lifts = in.texts(kOpIdMax_bytes, kLiftsMax)};
  resume.pending = in.member<PendingWork>();
  resume.incarnation = in.number();
  const std::string target = in.text(kNameMax_bytes);
  Bytes key = in.bin(sizeof(PublicKey));
  r.body = body_of(kind, std::move(kill), std::move(resume), target, std::move(key));
  if (!in.ok()) return tl::make_unexpected(in.error());
  return SignedRecord{std::move(r), Bytes(frame), sha256(body)};
}

}  // namespace estop::schemas
