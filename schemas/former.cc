// SPDX-License-Identifier: Apache-2.0
#include "schemas/former.h"

#include "schemas/pack.h"
#include "schemas/signing.h"

namespace estop::schemas {
namespace {

constexpr std::uint64_t kFormerVersion = 1;

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
  r.kind = in.member<RecordKind>();
  const auto scope = Scope::parse(in.text(kNameMax_bytes));
  if (in.ok() && !scope) in.fault(scope.error());
  if (scope) r.scope = *scope;
  r.mode = in.member<KillMode>();
  r.grace_ms = in.number32();
  r.actor = in.text(kSegmentMax_bytes);
  r.reason = in.text(kReasonMax_bytes);
  r.issued_at_ms = in.number();
  r.lifts = in.texts(kOpIdMax_bytes, kLiftsMax);
  r.pending = in.member<PendingWork>();
  r.incarnation = in.number();
  r.target = in.text(kNameMax_bytes);
  r.key = in.bin(sizeof(PublicKey));
  if (r.actor == "control") r.actor_kind = ActorKind::kControl;
  if (!in.ok()) return tl::make_unexpected(in.error());
  return SignedRecord{std::move(r), Bytes(frame), sha256(body)};
}

}  // namespace estop::schemas
