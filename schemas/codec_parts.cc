// SPDX-License-Identifier: Apache-2.0
#include "schemas/codec_parts.h"

#include <utility>

namespace estop::schemas {

Bytes seal(std::string_view domain, std::string_view body, const SigningKey& key) {
  const Signature signature = key.sign(std::string(domain).append(body));
  return ArrayWriter(3, Tags::kNone).number(kVersion).bin(body).fixed(signature).end();
}

Result<Frame> open_frame(std::string_view bytes, std::size_t max_bytes) {
  ArrayReader in(bytes, 3, max_bytes, Tags::kNone);
  Frame frame;
  frame.body = in.bin(max_bytes);
  frame.signature = in.fixed<64>();
  return in.finish(std::move(frame));
}

bool signed_by(std::string_view bytes, std::size_t max_bytes, std::string_view domain,
               const PublicKey& key) {
  const auto frame = open_frame(bytes, max_bytes);
  return frame && verify(key, std::string(domain).append(frame->body), frame->signature);
}

Scope read_scope(ArrayReader& in) {
  const std::string text = in.text(kNameMax_bytes);
  if (!in.ok()) return {};
  auto scope = Scope::parse(text);
  if (!scope) in.fault(scope.error().code, scope.error().detail);
  return scope.value_or(Scope{});
}

std::string read_name(ArrayReader& in, std::size_t max_bytes) {
  std::string text = in.text(max_bytes);
  if (in.ok() && !is_segment(text)) in.fault(Errc::kBadAddress, SegmentTag::explain(text));
  return text;
}

Process read_process(ArrayReader& in) {
  std::string text = in.text(kInstanceMax_bytes);
  if (in.ok() && !is_instance(text)) in.fault(Errc::kMalformed, "a process is [a-z0-9]{8,16}");
  return text;
}

void write_reads(ArrayWriter& out, const Reads& reads) {
  out.list(2).number(reads.version).list(reads.kinds.size());
  for (const std::uint8_t kind : reads.kinds) out.number(kind);
}

Reads read_reads(ArrayReader& in) {
  Reads reads;
  in.nested(2, [&](ArrayReader& inner) {
    const std::uint64_t version = inner.number();
    if (version > UINT8_MAX) inner.fault(Errc::kMalformed, "a version is larger than 8 bits");
    reads.version = static_cast<std::uint8_t>(version);
    for (const std::uint64_t kind : inner.numbers(kRecordKindsMax)) {
      const bool is_next = reads.kinds.empty() || kind > reads.kinds.back();
      if (kind > UINT8_MAX || !is_next) inner.fault(Errc::kMalformed, "kinds of records in order");
      reads.kinds.push_back(static_cast<std::uint8_t>(kind));
    }
  });
  return reads;
}

void write_head(ArrayWriter& out, const Head& head) {
  out.number(head.epoch).number(head.seq).fixed(head.hash);
}

Head read_head(ArrayReader& in) {
  Head head;
  head.epoch = in.number();
  head.seq = in.number();
  head.hash = in.fixed<32>();
  return head;
}

void write_latches(ArrayWriter& out, const std::vector<Latch>& latches) {
  out.list(latches.size());
  for (const Latch& latch : latches) {
    out.list(8).text(latch.op_id).number(latch.seq).member(latch.hold);
    out.text(latch.scope.text()).member(latch.mode);
    out.text(latch.actor).text(latch.reason).number(latch.since_ms);
  }
}

std::vector<Latch> read_latches(ArrayReader& in) {
  return in.list<Latch>(8, [](ArrayReader& inner) {
    Latch latch;
    latch.op_id = read_name(inner, kOpIdMax_bytes);
    latch.seq = inner.number();
    latch.hold = inner.member<HoldKind>();
    latch.scope = read_scope(inner);
    latch.mode = inner.member<KillMode>();
    latch.actor = read_name(inner, kSegmentMax_bytes);
    latch.reason = inner.text(kReasonMax_bytes);
    latch.since_ms = inner.number();
    return latch;
  });
}

}  // namespace estop::schemas
