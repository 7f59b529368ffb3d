#include "tests/support/forged.h"

#include "schemas/pack.h"

namespace estop::testing {

using schemas::ArrayWriter;
using schemas::Bytes;
using schemas::kVersion;

namespace {

Bytes seal(std::string domain, Bytes body, const schemas::SigningKey& key, const Bend& bend) {
  if (bend) bend(body);
  const schemas::Signature signature = key.sign(domain.append(body));
  return ArrayWriter(3).number(kVersion).bin(body).fixed(signature).end();
}

}  // namespace

Bytes forged_record(const schemas::Record& r, const schemas::SigningKey& key, const Bend& bend) {
  ArrayWriter out(18);
  out.number(kVersion).number(r.epoch).number(r.term).number(r.seq).fixed(r.prev);
  out.text(r.op_id).member(r.kind).text(r.scope.text()).member(r.mode).number(r.grace_ms);
  out.text(r.actor).text(r.reason).number(r.issued_at_ms).list(r.lifts.size());
  for (const std::string& lifted : r.lifts) out.text(lifted);
  out.member(r.pending).number(r.incarnation).text(r.target).bin(r.key);
  return seal("estop record 1\n", out.end(), key, bend);
}

Bytes forged_lease(const schemas::LeaseFrame& frame, const schemas::SigningKey& key,
                   const Bend& bend) {
  ArrayWriter out(8);
  out.number(kVersion).number(frame.term);
  out.number(frame.head.epoch).number(frame.head.seq).fixed(frame.head.hash);
  out.list(frame.grants.size());
  for (const auto& grant : frame.grants) out.list(2).text(grant.bridge).number(grant.nonce);
  out.list(frame.uncommitted.size());
  for (const Bytes& kill : frame.uncommitted) out.bin(kill);
  return seal("estop lease 1\n", out.number(frame.sent_at_ms).end(), key, bend);
}

Bytes forged_stopped(const schemas::StoppedReceipt& r, const schemas::SigningKey& key) {
  ArrayWriter out(7);
  out.number(kVersion).text(r.op_id).number(r.seq).number(r.handlers_cancelled);
  out.number(r.intents_dropped).flag(r.grace_exceeded).number(r.stopped_in_us);
  return seal("estop stopped 1\n", out.end(), key, {});
}

Bytes forged_order(const Bytes& record, const std::string& credential) {
  return ArrayWriter(3).number(kVersion).bin(record).text(credential).end();
}

Bytes forged(const schemas::Hello& h) {
  ArrayWriter out(7);
  out.number(kVersion).fixed(h.key).text(h.host).number(h.pid).text(h.runtime);
  return out.text(h.spawned_by).flag(h.goodbye).end();
}

Bytes forged(const schemas::StoreRequest& r) {
  ArrayWriter out(6);
  out.number(kVersion).member(r.op).text(r.key).number(r.expected_version).number(r.incarnation);
  return out.bin(r.bytes).end();
}

Bytes forged(const schemas::IntentHead& head) {
  const bool wanted = !head.reply_instance.empty();
  ArrayWriter out(wanted ? 8 : 7);
  out.number(kVersion).text(head.id).number(head.incarnation).number(head.ttl_ms);
  out.text(head.trace).number(head.flags).bin(head.payload);
  if (wanted) out.text(head.reply_instance);
  return out.end();
}

void of_version_2(Bytes& body) {
  // Behind the length of the array, which has one byte, or three if it is longer than 15.
  const std::size_t version = static_cast<unsigned char>(body[0]) == 0xdc ? 3 : 1;
  body[version] = 2;
}

Bytes without_signature(Bytes frame) {
  return frame.replace(frame.size() - 64, 64, 64, '\0');
}

}  // namespace estop::testing
