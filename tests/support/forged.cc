// SPDX-License-Identifier: Apache-2.0
#include "tests/support/forged.h"

#include "schemas/bodies.h"
#include "schemas/pack.h"

namespace estop::testing {

using schemas::ArrayWriter;
using schemas::Bytes;
using schemas::kVersion;

namespace {

Bytes seal(std::string domain, Bytes body, const schemas::SigningKey& key, const Bend& bend) {
  if (bend) bend(body);
  const schemas::Signature signature = key.sign(domain.append(body));
  return ArrayWriter(3, schemas::Tags::kNone).number(kVersion).bin(body).fixed(signature).end();
}

}  // namespace

Bytes forged_record(const schemas::Record& r, const schemas::SigningKey& key, const Bend& bend) {
  return seal("estop record 2\n", schemas::body_of(r), key, bend);
}

Bytes forged_lease(const schemas::LeaseFrame& frame, const schemas::SigningKey& key,
                   const Bend& bend) {
  return seal("estop lease 2\n", schemas::body_of(frame), key, bend);
}

Bytes forged_stopped(const schemas::StoppedReceipt& r, const schemas::SigningKey& key) {
  return seal("estop stopped 2\n", schemas::body_of(r), key, {});
}

Bytes forged_order(const Bytes& record, const std::string& credential) {
  return ArrayWriter(3, schemas::Tags::kNone).number(kVersion).bin(record).text(credential).end();
}

Bytes forged(const schemas::Hello& h) {
  return schemas::body_of(h);
}

Bytes forged(const schemas::StoreRequest& r) {
  ArrayWriter out(6);
  out.number(kVersion).member(r.op).text(r.key).number(r.expected_version).number(r.incarnation);
  return out.bin(r.bytes).end();
}

Bytes forged(const schemas::IntentHead& head) {
  ArrayWriter out(8);
  out.number(kVersion).text(head.id).number(head.incarnation).number(head.ttl_ms);
  out.text(head.trace).number(head.flags).bin(head.payload);
  return out.text(head.reply_instance).end();
}

void of_another_version(Bytes& body) {
  // Behind the length of the array, which has one byte, or three if it is longer than 15.
  const std::size_t version = static_cast<unsigned char>(body[0]) == 0xdc ? 3 : 1;
  body[version] = kVersion + 1;
}

Bytes without_signature(Bytes frame) {
  return frame.replace(frame.size() - 64, 64, 64, '\0');
}

}  // namespace estop::testing
