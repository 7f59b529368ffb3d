// SPDX-License-Identifier: Apache-2.0
#include "schemas/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/bodies.h"
#include "schemas/pack.h"

namespace estop::schemas {

// Encoders use them, to read what they have written.
template <>
Result<BridgeBeat> decode(std::string_view bytes);
template <>
Result<Hello> decode(std::string_view bytes);
template <>
Result<HelloReply> decode(std::string_view bytes);
template <>
Result<Beat> decode(std::string_view bytes);
template <>
Result<BeatReply> decode(std::string_view bytes);
template <>
Result<LogReadReply> decode(std::string_view bytes);
template <>
Result<StoreRequest> decode(std::string_view bytes);
template <>
Result<StoreReply> decode(std::string_view bytes);

namespace {

constexpr std::size_t kFrameMax_bytes = kRecordMax_bytes;

// What is signed is a domain, so that a signature of one kind of message never fits another, and
// the body.
constexpr std::string_view kRecordDomain = "estop record 2\n";
constexpr std::string_view kLeaseDomain = "estop lease 2\n";
constexpr std::string_view kReceiptDomain = "estop receipt 2\n";
constexpr std::string_view kStoppedDomain = "estop stopped 2\n";

struct Frame {
  Bytes body;
  Signature signature{};
};

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

// The bytes, if `M`'s own reader takes them: what it would refuse is never sent.
template <class M>
Result<Bytes> checked(Bytes bytes) {
  if (const auto read = decode<M>(bytes); !read) return passed_on(read);
  return bytes;
}

// The same for a reply, which has to get out: in place of one that its reader would refuse goes the
// one that says why.
template <class Reply>
Bytes checked(Bytes bytes, Bytes (*encode_error)(const Error&)) {
  const auto read = decode<Reply>(bytes);
  return read ? std::move(bytes) : encode_error(read.error());
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

// --- Records ---

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

// --- Signed frames and receipts ---

namespace {

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
  return out.number(frame.sent_at_ms).end();
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

// --- Bridges ---

Result<Bytes> encode(const BridgeBeat& b) {
  ArrayWriter out(15);
  out.number(kVersion).text(b.bridge).text(b.process).number(b.nonce).member(b.state);
  write_head(out, b.applied);
  write_reads(out.fixed(b.key), b.reads);
  out.number(b.forwarded).number(b.refused).number(b.refused_killed);
  out.number(b.after_fence).list(b.held.size());
  for (const Bytes& kill : b.held) out.bin(kill);
  return checked<BridgeBeat>(out.end());
}

template <>
Result<BridgeBeat> decode(std::string_view bytes) {
  ArrayReader in(bytes, 15, kControlMessageMax_bytes);
  BridgeBeat b;
  b.bridge = read_name(in, kSegmentMax_bytes);
  b.process = read_process(in);
  b.nonce = in.number();
  b.state = in.member<BridgeState>();
  b.applied = read_head(in);
  b.key = in.fixed<32>();
  b.reads = read_reads(in);
  b.forwarded = in.number();
  b.refused = in.number();
  b.refused_killed = in.number();
  b.after_fence = in.number();
  b.held = in.bins(kFrameMax_bytes);
  return in.finish(std::move(b));
}

// --- Agents ---

Bytes body_of(const Hello& h) {
  ArrayWriter out(9);
  out.number(kVersion).fixed(h.key).text(h.process).text(h.host);
  out.number(h.pid).text(h.runtime).text(h.spawned_by);
  write_reads(out.flag(h.goodbye), h.reads);
  return out.end();
}

// `host` and `runtime` are for people: rather shortened than not announced.
Result<Bytes> encode(const Hello& h) {
  Hello cut = h;
  cut.host = clean_text(h.host, kNameMax_bytes);
  cut.runtime = clean_text(h.runtime, kNameMax_bytes);
  return checked<Hello>(body_of(cut));
}

template <>
Result<Hello> decode(std::string_view bytes) {
  ArrayReader in(bytes, 9, kFrameMax_bytes);
  Hello h;
  h.key = in.fixed<32>();
  h.process = read_process(in);
  h.host = in.text(kNameMax_bytes);
  h.pid = in.number();
  h.runtime = in.text(kNameMax_bytes);
  h.spawned_by = in.text(kNameMax_bytes);
  h.goodbye = in.flag();
  h.reads = read_reads(in);
  return in.finish(std::move(h));
}

Bytes encode(const HelloReply& r) {
  ArrayWriter out(8);
  out.number(kVersion).member(r.code).text(clean_text(r.detail, kReasonMax_bytes));
  out.number(r.incarnation).number(r.beat_ms).number(r.lease_ms);
  write_latches(out, r.latches);
  out.list(r.checkpoints.size());
  for (const CheckpointInfo& info : r.checkpoints) {
    out.list(3).text(info.key).number(info.version).number(info.size_bytes);
  }
  return checked<HelloReply>(out.end(), [](const Error& error) {
    HelloReply no;
    no.code = error.code;
    no.detail = error.detail;
    return encode(no);
  });
}

template <>
Result<HelloReply> decode(std::string_view bytes) {
  ArrayReader in(bytes, 8, kControlMessageMax_bytes);
  HelloReply r;
  r.code = in.member<Errc>();
  r.detail = in.text(kReasonMax_bytes);
  r.incarnation = in.number();
  r.beat_ms = in.number32();
  r.lease_ms = in.number32();
  r.latches = read_latches(in);
  r.checkpoints = in.list<CheckpointInfo>(3, [](ArrayReader& inner) {
    std::string key = inner.text(kKeyMax_bytes);
    const std::uint64_t version = inner.number();
    return CheckpointInfo{std::move(key), version, inner.number()};
  });
  return in.finish(std::move(r));
}

Result<Bytes> encode(const Beat& b) {
  ArrayWriter out(13);
  out.number(kVersion)
      .text(b.process)
      .number(b.nonce)
      .number(b.incarnation)
      .flag(b.stopped)
      .number(b.sent);
  out.number(b.succeeded).number(b.failed).number(b.handled).number(b.latency_total_us);
  return checked<Beat>(out.number(b.cost_micro_usd).number(b.tokens).number(b.api_calls).end());
}

template <>
Result<Beat> decode(std::string_view bytes) {
  ArrayReader in(bytes, 13, kFrameMax_bytes);
  Beat b;
  b.process = read_process(in);
  b.nonce = in.number();
  b.incarnation = in.number();
  b.stopped = in.flag();
  b.sent = in.number();
  b.succeeded = in.number();
  b.failed = in.number();
  b.handled = in.number();
  b.latency_total_us = in.number();
  b.cost_micro_usd = in.number();
  b.tokens = in.number();
  b.api_calls = in.number();
  return in.finish(std::move(b));
}

Bytes encode(const BeatReply& r) {
  ArrayWriter out(5);
  out.number(kVersion).number(r.nonce).member(r.code).number(r.incarnation);
  write_latches(out, r.latches);
  // No lease then, but a hello, whose answer says why.
  return checked<BeatReply>(out.end(), [](const Error&) {
    BeatReply no;
    no.code = Errc::kNotFound;
    return encode(no);
  });
}

template <>
Result<BeatReply> decode(std::string_view bytes) {
  ArrayReader in(bytes, 5, kControlMessageMax_bytes);
  BeatReply r;
  r.nonce = in.number();
  r.code = in.member<Errc>();
  r.incarnation = in.number();
  r.latches = read_latches(in);
  return in.finish(std::move(r));
}

// --- Reading the log ---

Bytes encode(const LogRead& r) {
  ArrayWriter out(2);
  return out.number(kVersion).number(r.seq).end();
}

template <>
Result<LogRead> decode(std::string_view bytes) {
  ArrayReader in(bytes, 2, kControlMessageMax_bytes);
  LogRead r;
  r.seq = in.number();
  return in.finish(std::move(r));
}

Bytes encode(const LogReadReply& r) {
  ArrayWriter out(4);
  out.number(kVersion).member(r.code).text(clean_text(r.detail, kReasonMax_bytes));
  return checked<LogReadReply>(out.bin(r.frame).end(), [](const Error& error) {
    return encode(LogReadReply{error.code, error.detail, {}});
  });
}

template <>
Result<LogReadReply> decode(std::string_view bytes) {
  ArrayReader in(bytes, 4, 2 * kFrameMax_bytes);
  LogReadReply r;
  r.code = in.member<Errc>();
  r.detail = in.text(kReasonMax_bytes);
  r.frame = in.bin(kFrameMax_bytes);
  return in.finish(std::move(r));
}

// --- Checkpoints and effects ---

Result<Bytes> encode(const StoreRequest& r) {
  ArrayWriter out(6);
  out.number(kVersion).member(r.op).text(r.key).number(r.expected_version).number(r.incarnation);
  return checked<StoreRequest>(out.bin(r.bytes).end());
}

template <>
Result<StoreRequest> decode(std::string_view bytes) {
  ArrayReader in(bytes, 6, kCheckpointMax_bytes + kFrameMax_bytes);
  StoreRequest r;
  r.op = in.member<StoreOp>();
  r.key = in.text(kKeyMax_bytes);
  r.expected_version = in.number();
  r.incarnation = in.number();
  r.bytes = in.bin(kCheckpointMax_bytes);
  if (in.ok() && r.key.empty()) in.fault(Errc::kBadArgument, "the key is empty");
  return in.finish(std::move(r));
}

Bytes encode(const StoreReply& r) {
  ArrayWriter out(6);
  out.number(kVersion).member(r.code).text(clean_text(r.detail, kReasonMax_bytes));
  out.number(r.version).member(r.effect);
  return checked<StoreReply>(out.bin(r.bytes).end(), [](const Error& error) {
    StoreReply no;
    no.code = error.code;
    no.detail = error.detail;
    return encode(no);
  });
}

template <>
Result<StoreReply> decode(std::string_view bytes) {
  ArrayReader in(bytes, 6, kCheckpointMax_bytes + kFrameMax_bytes);
  StoreReply r;
  r.code = in.member<Errc>();
  r.detail = in.text(kReasonMax_bytes);
  r.version = in.number();
  r.effect = in.member<EffectState>();
  r.bytes = in.bin(kCheckpointMax_bytes);
  return in.finish(std::move(r));
}

}  // namespace estop::schemas
