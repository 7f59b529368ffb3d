// SPDX-License-Identifier: Apache-2.0

// Messages to bytes and back. The only file pair that knows msgpack.
//
// Decoders are strict: version, element count, types, ranges, enum members, names, depth, sizes,
// trailing bytes. They never allocate from a claimed length and never read past the end. Each
// defect has its own error code. Encoders check their result with the decoder: a message that
// cannot be read back is never written. All functions are pure and thread-safe.
#pragma once

#include <string_view>

#include "schemas/messages.h"
#include "schemas/result.h"
#include "schemas/signing.h"

namespace estop::schemas {

// Checks any msgpack value without building it: one value, depth ≤ kDepthMax, elements ≤
// kElementsMax, claimed lengths within the bytes that are there, no ext types, no trailing bytes,
// no duplicate string keys in one map.
[[nodiscard]] Result<void> check_bounds(std::string_view bytes);

// UTF-8 (no overlong forms, no surrogates) without control characters other than line feed and tab.
[[nodiscard]] bool is_clean_text(std::string_view text);
// `text` as is_clean_text demands it and at most `max_bytes` long: every forbidden byte becomes
// '?', and a longer text is cut between two characters.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

// Intents. decode_intent returns views into `bytes`; it allocates nothing and does not look into
// the payload. encode_intent fails with the error that decode_intent would return.
[[nodiscard]] Result<Bytes> encode_intent(const IntentHead& head);
[[nodiscard]] Result<IntentHead> decode_intent(std::string_view bytes);

// Signed records. sign_record encodes the body, hashes and signs it; it fails with the error that
// open_record would return. open_record decodes and hashes; it does *not* verify the signature, so
// that a caller can latch first: verify_record does (174 µs). is_signed_record also judges frames
// that cannot be read.
[[nodiscard]] Result<SignedRecord> sign_record(const Record& record, const SigningKey& key);
// The error that sign_record would return, without a signature: check this before you promise an
// order.
[[nodiscard]] Result<void> check_record(const Record& record);
[[nodiscard]] Result<SignedRecord> open_record(std::string_view frame);
// The same for a kill as an operator wrote it: it accepts any reason. The reason is not fit for a
// record before settle_kill (order.h) has cut and cleaned it.
[[nodiscard]] Result<SignedRecord> open_written_kill(std::string_view frame);
[[nodiscard]] bool verify_record(const SignedRecord& record, const PublicKey& key);
[[nodiscard]] bool is_signed_record(std::string_view frame, const PublicKey& key);

// Signed frames and receipts. The decoders verify first and return kBadSignature before they trust
// anything else. The writers fail with the error that their reader would return.
[[nodiscard]] Result<Bytes> sign_lease(const LeaseFrame& frame, const SigningKey& key);
[[nodiscard]] Result<LeaseFrame> open_lease(std::string_view bytes, const PublicKey& key);
// SHA-256 over the hashes of the records one behind the other, in this order; of none: zero.
[[nodiscard]] Hash digest_of(const std::vector<Hash>& records);
[[nodiscard]] bool is_signed_lease(std::string_view bytes, const PublicKey& key);
[[nodiscard]] Result<Bytes> sign_receipt(const BridgeReceipt& receipt, const SigningKey& key);
// Does not verify: see verify_receipt.
[[nodiscard]] Result<BridgeReceipt> read_receipt(std::string_view bytes);
[[nodiscard]] bool verify_receipt(std::string_view bytes, const PublicKey& key);
[[nodiscard]] Result<Bytes> sign_stopped(const StoppedReceipt& receipt, const SigningKey& key);
// Does not verify: see verify_stopped.
[[nodiscard]] Result<StoppedReceipt> read_stopped(std::string_view bytes);
[[nodiscard]] bool verify_stopped(std::string_view bytes, const PublicKey& key);

// A part of a log's state (log_state.h). sign_record refuses one that is too large.
struct StateEntries;
[[nodiscard]] Bytes encode(const StateEntries& entries);

// Unsigned messages: the broker's permissions decide who may send them. An encoder fails with the
// error that the decoder would return. Encoders of replies cannot fail: if the reader would refuse
// the reply, they encode a reply that gives that error. (A BeatReply then says "hello again", and
// the HelloReply gives the error.) They cut a text for people that is too long (`detail`, a hello's
// `host` and `runtime`).
[[nodiscard]] Result<Bytes> encode(const BridgeBeat& beat);
[[nodiscard]] Bytes encode(const LogRead& read);
[[nodiscard]] Bytes encode(const LogReadReply& reply);
[[nodiscard]] Result<Bytes> encode(const Hello& hello);
[[nodiscard]] Bytes encode(const HelloReply& reply);
[[nodiscard]] Result<Bytes> encode(const Beat& beat);
[[nodiscard]] Bytes encode(const BeatReply& reply);
[[nodiscard]] Result<Bytes> encode(const StoreRequest& request);
[[nodiscard]] Bytes encode(const StoreReply& reply);
// M is one of those above.
template <class M>
[[nodiscard]] Result<M> decode(std::string_view bytes);

// Commands and their answers are JSON objects (see PROTOCOL.md); a client may send msgpack maps
// instead and gets its answers in msgpack. These functions translate between the two without loss
// of anything that a command may hold.
enum class Form { kJson, kMsgpack };
struct JsonText {
  std::string json;
  Form form = Form::kJson;
};
// Accepts either form; kMalformed and friends otherwise. The JSON text is syntactically valid only
// if the form was msgpack; JSON input is passed on as it is, for the caller's parser.
[[nodiscard]] Result<JsonText> to_json(std::string_view bytes);
// The form for the answers to a command, also to one that cannot be read.
[[nodiscard]] Form form_of(std::string_view bytes) noexcept;
// `json` must be valid JSON (our own).
[[nodiscard]] Bytes from_json(std::string_view json, Form form);

}  // namespace estop::schemas
