// SPDX-License-Identifier: Apache-2.0

// Internal to the codec: parts that several messages have in common, and the signed frame.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/codec.h"
#include "schemas/pack.h"

namespace estop::schemas {

inline constexpr std::size_t kFrameMax_bytes = kRecordMax_bytes;

// The signature covers a domain and the body. With the domain, a signature of one kind of message
// never fits another kind.
struct Frame {
  Bytes body;
  Signature signature{};
};
[[nodiscard]] Bytes seal(std::string_view domain, std::string_view body, const SigningKey& key);
[[nodiscard]] Result<Frame> open_frame(std::string_view bytes, std::size_t max_bytes);
[[nodiscard]] bool signed_by(std::string_view bytes, std::size_t max_bytes, std::string_view domain,
                             const PublicKey& key);

[[nodiscard]] Scope read_scope(ArrayReader& in);
[[nodiscard]] std::string read_name(ArrayReader& in, std::size_t max_bytes);
[[nodiscard]] Process read_process(ArrayReader& in);
void write_reads(ArrayWriter& out, const Reads& reads);
[[nodiscard]] Reads read_reads(ArrayReader& in);
void write_head(ArrayWriter& out, const Head& head);
[[nodiscard]] Head read_head(ArrayReader& in);
void write_latches(ArrayWriter& out, const std::vector<Latch>& latches);
[[nodiscard]] std::vector<Latch> read_latches(ArrayReader& in);

}  // namespace estop::schemas
