// SPDX-License-Identifier: Apache-2.0

// Messages to bytes and back. The only file pair that knows msgpack.
//
// Decoders are strict: version, element count, types, ranges, enum members, names, depth, sizes,
// trailing bytes. They never allocate from a claimed length and never read past the end. What they
// refuse they name by its own error code. Encoders hold what they have made against the decoder:
// what cannot be read back is never written. All functions are pure and thread-safe.
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
// `text` as is_clean_text wants it and at most `max_bytes` long: every byte that may not stand in
// it becomes '?', what is too long is cut between two characters.
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

// Intents. decode_intent returns views into `bytes`; it allocates nothing and does not look into
// the payload. encode_intent fails with what decode_intent would say.
[[nodiscard]] Result<Bytes> encode_intent(const IntentHead& head);
[[nodiscard]] Result<IntentHead> decode_intent(std::string_view bytes);

// Signed records. sign_record encodes the body, hashes and signs it; it fails with what open_record
// would say. open_record decodes and hashes; it does *not* verify the signature: verify_record does
// (174 µs), so that a caller can latch first. is_signed_record judges also what cannot be read.
[[nodiscard]] Result<SignedRecord> sign_record(const Record& record, const SigningKey& key);
// What sign_record would say to it, without a signature: to be asked before an order is promised.
[[nodiscard]] Result<void> check_record(const Record& record);
[[nodiscard]] Result<SignedRecord> open_record(std::string_view frame);
// The same for a kill as an operator wrote it: any reason can be read. It is no text for a record
// before settle_kill (order.h) has cut and cleaned it.
[[nodiscard]] Result<SignedRecord> open_written_kill(std::string_view frame);
[[nodiscard]] bool verify_record(const SignedRecord& record, const PublicKey& key);
[[nodiscard]] bool is_signed_record(std::string_view frame, const PublicKey& key);

// Signed frames and receipts. The decoders verify first and return kBadSignature before anything
// else is trusted. The writers fail with what their reader would say.
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

// A part of a log's state (log_state.h). What is too large for a part, sign_record refuses.
struct StateEntries;
[[nodiscard]] Bytes encode(const StateEntries& entries);

// Unsigned messages: the broker's permissions say who may send them. An encoder fails with what the
// decoder would say. Those of replies cannot fail: in place of one that its reader would refuse
// they encode the reply that says so (a BeatReply: say hello, whose answer then tells). A text for
// people that is too long (`detail`, a hello's `host` and `runtime`) is cut.
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
// instead and is answered in msgpack. These translate between the two without losing anything that
// a command may hold.
enum class Form { kJson, kMsgpack };
struct JsonText {
  std::string json;
  Form form = Form::kJson;
};
// Accepts either form; kMalformed and friends otherwise. The JSON text is syntactically valid only
// if the form was msgpack; JSON input is passed on as it is, for the caller's parser.
[[nodiscard]] Result<JsonText> to_json(std::string_view bytes);
// How a command is to be answered, also one that cannot be read.
[[nodiscard]] Form form_of(std::string_view bytes) noexcept;
// `json` must be valid JSON (our own).
[[nodiscard]] Bytes from_json(std::string_view json, Form form);

}  // namespace estop::schemas
