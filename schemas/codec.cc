// SPDX-License-Identifier: Apache-2.0
#include "schemas/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/bodies.h"
#include "schemas/codec_parts.h"

namespace estop::schemas {

// Encoders use them, to read what they have written.
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

}  // namespace

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
