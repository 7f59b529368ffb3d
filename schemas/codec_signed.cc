// SPDX-License-Identifier: Apache-2.0

// What else is signed: lease frames and receipts.
#include <utility>

#include "schemas/bodies.h"
#include "schemas/codec_parts.h"

namespace estop::schemas {

namespace {

constexpr std::string_view kLeaseDomain = "estop lease 2\n";
constexpr std::string_view kReceiptDomain = "estop receipt 2\n";
constexpr std::string_view kStoppedDomain = "estop stopped 2\n";
constexpr std::uint64_t kBeginsTag = 1;

// Eight bytes, the highest first.
Bytes begins_tag(std::uint64_t seq) {
  Bytes bytes(sizeof seq, '\0');
  for (std::size_t i = bytes.size(); i-- > 0; seq >>= 8) bytes[i] = static_cast<char>(seq & 0xff);
  return bytes;
}

std::uint64_t read_begins(ArrayReader& in) {
  const auto bytes = in.tag(kBeginsTag);
  if (!bytes) return 0;
  std::uint64_t seq = 0;
  for (const char byte : *bytes) seq = seq << 8 | static_cast<std::uint8_t>(byte);
  if (bytes->size() != sizeof seq || seq == 0) {
    in.fault(Errc::kMalformed, "where the log begins is a number of eight bytes");
  }
  return seq;
}

Result<LeaseFrame> read_lease_body(std::string_view body) {
  ArrayReader in(body, 13, kControlMessageMax_bytes);
  LeaseFrame frame;
  frame.leader = read_process(in);
  frame.term = in.number();
  frame.reads = read_reads(in);
  frame.head = read_head(in);
  frame.grants = in.list<Grant>(3, [](ArrayReader& inner) {
    Grant grant;
    grant.bridge = read_name(inner, kSegmentMax_bytes);
    grant.process = read_process(inner);
    grant.nonce = inner.number();
    return grant;
  });
  frame.uncommitted = in.bins(kFrameMax_bytes);
  frame.round = in.number();
  frame.uncommitted_count = in.number();
  frame.uncommitted_digest = in.fixed<32>();
  frame.sent_at_ms = in.number();
  frame.begins = read_begins(in);
  return in.finish(std::move(frame));
}

}  // namespace

Bytes body_of(const LeaseFrame& frame) {
  ArrayWriter out(13);
  out.number(kVersion).text(frame.leader).number(frame.term);
  write_reads(out, frame.reads);
  write_head(out, frame.head);
  out.list(frame.grants.size());
  for (const Grant& grant : frame.grants) {
    out.list(3).text(grant.bridge).text(grant.process).number(grant.nonce);
  }
  out.list(frame.uncommitted.size());
  for (const Bytes& kill : frame.uncommitted) out.bin(kill);
  out.number(frame.round).number(frame.uncommitted_count).fixed(frame.uncommitted_digest);
  out.number(frame.sent_at_ms);
  return frame.begins == 0 ? out.end() : out.end_with(kBeginsTag, begins_tag(frame.begins));
}

Result<Bytes> sign_lease(const LeaseFrame& frame, const SigningKey& key) {
  Bytes sealed = seal(kLeaseDomain, body_of(frame), key);
  const auto opened = open_frame(sealed, kControlMessageMax_bytes);
  if (!opened) return passed_on(opened);
  if (const auto read = read_lease_body(opened->body); !read) return passed_on(read);
  return sealed;
}

Hash digest_of(const std::vector<Hash>& records) {
  if (records.empty()) return {};
  std::string all;
  all.reserve(records.size() * sizeof(Hash));
  for (const Hash& hash : records) all.append(hash.begin(), hash.end());
  return sha256(all);
}

Result<LeaseFrame> open_lease(std::string_view bytes, const PublicKey& key) {
  auto opened = open_frame(bytes, kControlMessageMax_bytes);
  if (!opened) return tl::make_unexpected(opened.error());
  if (!verify(key, std::string(kLeaseDomain).append(opened->body), opened->signature)) {
    return fail(Errc::kBadSignature, "a lease frame that control did not sign");
  }
  return read_lease_body(opened->body);
}

bool is_signed_lease(std::string_view bytes, const PublicKey& key) {
  return signed_by(bytes, kControlMessageMax_bytes, kLeaseDomain, key);
}

Result<Bytes> sign_receipt(const BridgeReceipt& r, const SigningKey& key) {
  ArrayWriter out(11);
  out.number(kVersion).text(r.bridge).text(r.process).number(r.connection).text(r.op_id);
  out.number(r.epoch).number(r.seq).member(r.kind);
  out.number(r.forwarded_before).number(r.refused_since).number(r.latched_in_us);
  Bytes sealed = seal(kReceiptDomain, out.end(), key);
  if (const auto read = read_receipt(sealed); !read) return passed_on(read);
  return sealed;
}

Result<BridgeReceipt> read_receipt(std::string_view bytes) {
  auto opened = open_frame(bytes, kFrameMax_bytes);
  if (!opened) return tl::make_unexpected(opened.error());
  ArrayReader in(opened->body, 11, kFrameMax_bytes);
  BridgeReceipt r;
  r.bridge = read_name(in, kSegmentMax_bytes);
  r.process = read_process(in);
  r.connection = in.number();
  r.op_id = read_name(in, kOpIdMax_bytes);
  r.epoch = in.number();
  r.seq = in.number();
  r.kind = in.member<RecordKind>();
  r.forwarded_before = in.number();
  r.refused_since = in.number();
  r.latched_in_us = in.number();
  return in.finish(std::move(r));
}

bool verify_receipt(std::string_view bytes, const PublicKey& key) {
  return signed_by(bytes, kFrameMax_bytes, kReceiptDomain, key);
}

Bytes body_of(const StoppedReceipt& r) {
  ArrayWriter out(9);
  out.number(kVersion).text(r.op_id).text(r.process).number(r.seq).member(r.stage);
  out.number(r.handlers_cancelled)
      .number(r.intents_dropped)
      .flag(r.grace_exceeded)
      .number(r.stopped_in_us);
  return out.end();
}

Result<Bytes> sign_stopped(const StoppedReceipt& r, const SigningKey& key) {
  Bytes sealed = seal(kStoppedDomain, body_of(r), key);
  if (const auto read = read_stopped(sealed); !read) return passed_on(read);
  return sealed;
}

Result<StoppedReceipt> read_stopped(std::string_view bytes) {
  auto opened = open_frame(bytes, kFrameMax_bytes);
  if (!opened) return tl::make_unexpected(opened.error());
  ArrayReader in(opened->body, 9, kFrameMax_bytes);
  StoppedReceipt r;
  r.op_id = read_name(in, kOpIdMax_bytes);
  r.process = read_process(in);
  r.seq = in.number();
  r.stage = in.member<StopStage>();
  r.handlers_cancelled = in.number();
  r.intents_dropped = in.number();
  r.grace_exceeded = in.flag();
  r.stopped_in_us = in.number();
  return in.finish(std::move(r));
}

bool verify_stopped(std::string_view bytes, const PublicKey& key) {
  return signed_by(bytes, kFrameMax_bytes, kStoppedDomain, key);
}

}  // namespace estop::schemas
