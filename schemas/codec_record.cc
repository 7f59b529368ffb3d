// SPDX-License-Identifier: Apache-2.0

// Records of the control log: a head, and a content by its kind.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/bodies.h"
#include "schemas/codec_parts.h"

namespace estop::schemas {

namespace {

constexpr std::string_view kRecordDomain = "estop record 2\n";

// Op ids of kills: each once.
std::vector<std::string> read_lifts(ArrayReader& in) {
  auto lifts = in.texts(kOpIdMax_bytes, kLiftsMax);
  std::vector<std::string_view> sorted(lifts.begin(), lifts.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (in.ok() && twice != sorted.end()) {
    in.fault(Errc::kBadArgument, fmt::format("lifts names {} twice", *twice));
  }
  return lifts;
}

// A scope, and what may narrow or widen it. This version knows the scope alone: who is told of
// more has not understood whom the record means.
void write_selector(ArrayWriter& out, const Scope& scope) {
  out.list(4).text(scope.text()).list(0).text({}).flag(false);
}

Scope read_selector(ArrayReader& in) {
  ArrayReader inner = in.inner(4);
  Scope scope = read_scope(inner);
  const bool has_more = !inner.texts(kActionMax_bytes, kElementsMax).empty() ||
                        !inner.text(kNameMax_bytes).empty() || inner.flag();
  if (inner.ok() && has_more) {
    inner.fault(Errc::kUnknownType, "a selector of more than a scope is not known");
  }
  in.fault(inner.error());
  return scope;
}

Bytes bytes_of(const Hash& hash) {
  return Bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
}

// Without a place its hash and the digest are empty.
void write_through(ArrayWriter& out, const Through& through) {
  const bool is_by_place = through.place.seq != 0;
  out.list(3).number(through.place.epoch).number(through.place.seq);
  out.bin(is_by_place ? bytes_of(through.place.hash) : Bytes{}).number(through.count);
  out.bin(is_by_place ? bytes_of(through.digest) : Bytes{});
}

Hash hash_from(std::string_view bytes) {
  Hash hash{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
  return hash;
}

Through read_through(ArrayReader& in) {
  Through through;
  Bytes hash;
  in.nested(3, [&](ArrayReader& place) {
    through.place.epoch = place.number();
    through.place.seq = place.number();
    hash = place.bin(sizeof(Hash));
  });
  through.count = in.number();
  const Bytes digest = in.bin(sizeof(Hash));
  const bool is_by_place = through.place.seq != 0;
  const std::size_t hash_bytes = is_by_place ? sizeof(Hash) : 0;
  const bool is_whole = (through.place.epoch != 0) == is_by_place &&
                        (through.count != 0) == is_by_place && hash.size() == hash_bytes &&
                        digest.size() == hash_bytes;
  if (in.ok() && !is_whole) {
    in.fault(Errc::kMalformed, "a place, its hash, a count and a digest go together");
  }
  through.place.hash = hash_from(hash);
  through.digest = hash_from(digest);
  return through;
}

void write_body(ArrayWriter& out, const Record& r) {
  switch (r.kind) {
    case RecordKind::kKill:
      out.list(5).member(HoldKind::kKill);
      write_selector(out, r.scope);
      out.member(r.mode).number(r.grace_ms).text(r.target);
      return;
    case RecordKind::kResume:
      out.list(8).member(HoldKind::kKill);
      write_selector(out, r.scope);
      out.list(r.lifts.size());
      for (const std::string& lifted : r.lifts) out.text(lifted);
      write_through(out, r.through);
      out.member(r.pending).number(r.incarnation);
      return;
    case RecordKind::kBridgeJoined:
      out.list(3).text(r.target).text(r.process).bin(r.key);
      return;
    case RecordKind::kBridgeLeft:
      out.list(2).text(r.target).text(r.process);
      return;
    case RecordKind::kEpochOpened:
    case RecordKind::kTermOpened:
      out.list(1).text(r.target);
      return;
    case RecordKind::kFirstSkippable:
      break;
  }
  out.list(0);
}

void read_kill(ArrayReader& in, Record& r) {
  (void)in.member<HoldKind>();
  r.scope = read_selector(in);
  r.mode = in.member<KillMode>();
  r.grace_ms = in.number32();
  r.target = in.text(kNameMax_bytes);
}

void read_resume(ArrayReader& in, Record& r) {
  (void)in.member<HoldKind>();
  r.scope = read_selector(in);
  r.lifts = read_lifts(in);
  r.through = read_through(in);
  const bool is_by_place = r.through.place.seq != 0;
  if (in.ok() && is_by_place && !r.lifts.empty()) {
    in.fault(Errc::kMalformed, "a resume names kills or a place, not both");
  }
  r.pending = in.member<PendingWork>();
  r.incarnation = in.number();
}

void read_body(ArrayReader& in, Record& r) {
  switch (r.kind) {
    case RecordKind::kKill:
      return in.nested(5, [&](ArrayReader& body) { read_kill(body, r); });
    case RecordKind::kResume:
      return in.nested(8, [&](ArrayReader& body) { read_resume(body, r); });
    case RecordKind::kBridgeJoined:
      return in.nested(3, [&](ArrayReader& body) {
        r.target = read_name(body, kSegmentMax_bytes);
        r.process = read_process(body);
        r.key = body.bin(sizeof(PublicKey));
      });
    case RecordKind::kBridgeLeft:
      return in.nested(2, [&](ArrayReader& body) {
        r.target = read_name(body, kSegmentMax_bytes);
        r.process = read_process(body);
      });
    case RecordKind::kEpochOpened:
    case RecordKind::kTermOpened:
      return in.nested(1, [&](ArrayReader& body) { r.target = body.text(kNameMax_bytes); });
    case RecordKind::kFirstSkippable:
      break;
  }
  in.skip();
}

enum class Reason { kStrict, kAny };

Result<Record> decode_body(std::string_view body, Reason reason) {
  ArrayReader in(body, 11, kFrameMax_bytes);
  Record r;
  r.epoch = in.number();
  r.term = in.number();
  r.seq = in.number();
  r.prev = in.fixed<32>();
  r.op_id = read_name(in, kOpIdMax_bytes);
  in.nested(3, [&](ArrayReader& actor) {
    r.actor_kind = actor.member<ActorKind>();
    r.actor = read_name(actor, kSegmentMax_bytes);
    r.actor_detail = actor.text(kActorDetailMax_bytes);
  });
  r.reason = reason == Reason::kAny ? in.any_text(kFrameMax_bytes) : in.text(kReasonMax_bytes);
  r.issued_at_ms = in.number();
  r.kind = in.member<RecordKind>();
  read_body(in, r);
  return in.finish(std::move(r));
}

Result<SignedRecord> open_signed(std::string_view frame, Reason reason) {
  auto opened = open_frame(frame, kFrameMax_bytes);
  if (!opened) return tl::make_unexpected(opened.error());
  auto record = decode_body(opened->body, reason);
  if (!record) return tl::make_unexpected(record.error());
  return SignedRecord{std::move(*record), Bytes(frame), sha256(opened->body)};
}

}  // namespace

// --- Signed records ---

Bytes body_of(const Record& r) {
  ArrayWriter out(11);
  out.number(kVersion).number(r.epoch).number(r.term).number(r.seq).fixed(r.prev).text(r.op_id);
  out.list(3).member(r.actor_kind).text(r.actor).text(r.actor_detail);
  out.text(r.reason).number(r.issued_at_ms).member(r.kind);
  write_body(out, r);
  return out.end();
}

Result<SignedRecord> sign_record(const Record& record, const SigningKey& key) {
  return open_record(seal(kRecordDomain, body_of(record), key));
}

Result<void> check_record(const Record& record) {
  if (record.lifts.size() > kLiftsMax) {
    return fail(Errc::kTooMany, fmt::format("a resume names at most {} kills, not {}: name a place "
                                            "in the log, with 'through'",
                                            kLiftsMax, record.lifts.size()));
  }
  const auto read = decode_body(body_of(record), Reason::kStrict);
  return read ? Result<void>{} : passed_on(read);
}

Result<SignedRecord> open_record(std::string_view frame) {
  return open_signed(frame, Reason::kStrict);
}

Result<SignedRecord> open_written_kill(std::string_view frame) {
  return open_signed(frame, Reason::kAny);
}

bool verify_record(const SignedRecord& record, const PublicKey& key) {
  return is_signed_record(record.frame, key);
}

bool is_signed_record(std::string_view frame, const PublicKey& key) {
  return signed_by(frame, kFrameMax_bytes, kRecordDomain, key);
}

}  // namespace estop::schemas
