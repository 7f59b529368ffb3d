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

struct BodyWriter {
  ArrayWriter& out;

  void operator()(const Kill& kill) const {
    out.list(5).member(HoldKind::kKill);
    write_selector(out, kill.scope);
    out.member(kill.mode).number(kill.grace_ms).text(kill.given_as);
  }
  void operator()(const Resume& resume) const {
    out.list(8).member(HoldKind::kKill);
    write_selector(out, resume.scope);
    out.list(resume.lifts.size());
    for (const std::string& lifted : resume.lifts) out.text(lifted);
    write_through(out, resume.through);
    out.member(resume.pending).number(resume.incarnation);
  }
  void operator()(const BridgeJoined& joined) const {
    out.list(3).text(joined.bridge).text(joined.process).bin(joined.key);
  }
  void operator()(const BridgeLeft& left) const {
    out.list(2).text(left.bridge).text(left.process);
  }
  void operator()(const EpochOpened& opened) const { out.list(1).text(opened.former); }
  void operator()(const TermOpened& opened) const { out.list(1).text(opened.leader); }
  void operator()(const SnapshotPart& part) const {
    out.list(3).number(part.place_seq).number(part.index).bin(part.entries);
  }
  void operator()(const Snapshot& snapshot) const {
    out.list(5);
    write_head(out, snapshot.place);
    out.number(snapshot.parts).fixed(snapshot.digest);
  }
  void operator()(const Skipped&) const { out.list(0); }
};

Kill read_kill(ArrayReader& in) {
  Kill kill;
  (void)in.member<HoldKind>();
  kill.scope = read_selector(in);
  kill.mode = in.member<KillMode>();
  kill.grace_ms = in.number32();
  kill.given_as = in.text(kNameMax_bytes);
  return kill;
}

Resume read_resume(ArrayReader& in) {
  Resume resume;
  (void)in.member<HoldKind>();
  resume.scope = read_selector(in);
  resume.lifts = read_lifts(in);
  resume.through = read_through(in);
  const bool is_by_place = resume.through.place.seq != 0;
  if (in.ok() && is_by_place && !resume.lifts.empty()) {
    in.fault(Errc::kMalformed, "a resume names kills or a place, not both");
  }
  resume.pending = in.member<PendingWork>();
  resume.incarnation = in.number();
  return resume;
}

BridgeJoined read_joined(ArrayReader& in) {
  BridgeJoined joined;
  joined.bridge = read_name(in, kSegmentMax_bytes);
  joined.process = read_process(in);
  joined.key = in.bin(sizeof(PublicKey));
  return joined;
}

BridgeLeft read_left(ArrayReader& in) {
  BridgeLeft left;
  left.bridge = read_name(in, kSegmentMax_bytes);
  left.process = read_process(in);
  return left;
}

SnapshotPart read_part(ArrayReader& in) {
  SnapshotPart part;
  part.place_seq = in.number();
  part.index = in.number();
  part.entries = in.bin(kSnapshotPartMax_bytes);
  return part;
}

Snapshot read_snapshot(ArrayReader& in) {
  Snapshot snapshot;
  snapshot.place = read_head(in);
  snapshot.parts = in.number();
  snapshot.digest = in.fixed<32>();
  return snapshot;
}

RecordBody read_body(ArrayReader& in, RecordKind kind) {
  RecordBody body;
  const auto nested = [&](std::uint32_t elements, auto read) {
    in.nested(elements, [&](ArrayReader& inner) { body = read(inner); });
    return body;
  };
  switch (kind) {
    case RecordKind::kKill:
      return nested(5, read_kill);
    case RecordKind::kResume:
      return nested(8, read_resume);
    case RecordKind::kBridgeJoined:
      return nested(3, read_joined);
    case RecordKind::kBridgeLeft:
      return nested(2, read_left);
    case RecordKind::kEpochOpened:
      return nested(1, [](ArrayReader& inner) { return EpochOpened{inner.text(kNameMax_bytes)}; });
    case RecordKind::kTermOpened:
      return nested(1, [](ArrayReader& inner) { return TermOpened{inner.text(kNameMax_bytes)}; });
    case RecordKind::kSnapshotPart:
      return nested(3, read_part);
    case RecordKind::kSnapshot:
      return nested(5, read_snapshot);
    case RecordKind::kFirstSkippable:
      break;
  }
  in.skip();
  return Skipped{kind};
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
    r.actor.kind = actor.member<ActorKind>();
    r.actor.name = read_name(actor, kSegmentMax_bytes);
    r.actor.detail = actor.text(kActorDetailMax_bytes);
  });
  r.reason = reason == Reason::kAny ? in.any_text(kFrameMax_bytes) : in.text(kReasonMax_bytes);
  r.issued_at_ms = in.number();
  r.body = read_body(in, in.member<RecordKind>());
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
  out.list(3).member(r.actor.kind).text(r.actor.name).text(r.actor.detail);
  out.text(r.reason).number(r.issued_at_ms).member(r.kind());
  std::visit(BodyWriter{out}, r.body);
  return out.end();
}

Result<SignedRecord> sign_record(const Record& record, const SigningKey& key) {
  return open_record(seal(kRecordDomain, body_of(record), key));
}

Result<void> check_record(const Record& record) {
  const auto* resume = std::get_if<Resume>(&record.body);
  if (resume != nullptr && resume->lifts.size() > kLiftsMax) {
    return fail(Errc::kTooMany, fmt::format("a resume names at most {} kills, not {}: name a place "
                                            "in the log, with 'through'",
                                            kLiftsMax, resume->lifts.size()));
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
