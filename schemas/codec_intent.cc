// SPDX-License-Identifier: Apache-2.0

// The intent's head, read by hand: the bridge does this for every intent, so nothing is built or
// allocated, and the payload is not looked into. Only the shortest encodings are accepted, so that
// no two readers can disagree about one message.
#include <bit>

#include "schemas/codec.h"
#include "schemas/pack.h"

namespace estop::schemas {
namespace {

constexpr std::size_t kTraceMax_bytes = 64;
constexpr std::uint32_t kKnownFlags = 7;

// Walks over bytes; a read beyond the end, of another type or not in its shortest form gives
// kMalformed.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

  std::uint32_t array() noexcept {  // fixarray only: an intent has nine fields
    const std::uint8_t tag = byte();
    if ((tag & 0xf0) != 0x90) ok_ = false;
    return tag & 0x0f;
  }
  std::uint64_t number() noexcept {
    const std::uint8_t tag = byte();
    if (tag < 0x80) return tag;
    if (tag < 0xcc || tag > 0xcf) return refuse();
    const unsigned width = 1U << (tag - 0xcc);
    const std::uint64_t value = big_endian(width);
    const std::uint64_t least = width == 1 ? 0x80 : 1ULL << (4 * width);
    return value >= least ? value : refuse();
  }
  std::string_view text() noexcept {
    const std::uint8_t tag = byte();
    if ((tag & 0xe0) == 0xa0) return take(tag & 0x1f);
    return sized(tag, 0xd9, 32);
  }
  std::string_view bin() noexcept { return sized(byte(), 0xc4, 0); }
  std::uint32_t map() noexcept {
    const std::uint8_t tag = byte();
    if ((tag & 0xf0) == 0x80) return tag & 0x0f;
    const std::uint64_t count = tag == 0xde ? big_endian(2) : refuse();
    return static_cast<std::uint32_t>(count > 0x0f ? count : refuse());
  }

 private:
  std::uint64_t refuse() noexcept {
    ok_ = false;
    return 0;
  }
  std::uint8_t byte() noexcept {
    if (rest_.empty()) return static_cast<std::uint8_t>(refuse());
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t big_endian(unsigned width) noexcept {
    if (rest_.size() < width) return refuse();
    std::uint64_t value = 0;
    for (unsigned i = 0; i < width; ++i) {
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    }
    rest_.remove_prefix(width);
    return value;
  }
  // Lengths of 8, 16 or 32 bits behind the tags first, first+1, first+2; `least` is the smallest
  // that needs the 8-bit form.
  std::string_view sized(std::uint8_t tag, std::uint8_t first, std::uint64_t least) noexcept {
    if (tag < first || tag > first + 2) return take(refuse());
    const unsigned width = 1U << (tag - first);
    const std::uint64_t size = big_endian(width);
    const std::uint64_t smallest = width == 1 ? least : width == 2 ? 0x100 : 0x10000;
    return take(size >= smallest ? size : refuse());
  }
  std::string_view take(std::uint64_t size) noexcept {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

bool is_trace(std::string_view text) noexcept {
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return text.size() <= kTraceMax_bytes;
}

// Errors carry no text here: a refusal must cost the bridge little, and the code says it.
Errc check_fields(const IntentHead& head) noexcept {
  if (head.id.size() > kIntentIdMax_bytes || !is_segment(head.id)) return Errc::kMalformed;
  if (!is_trace(head.trace)) return Errc::kMalformed;
  if ((head.flags & ~kKnownFlags) != 0) return Errc::kUnknownType;
  if (head.payload.size() > kPayloadMax_bytes) return Errc::kTooLarge;
  const bool reply = has(head.flags, IntentFlag::kReply);
  if (reply && has(head.flags, IntentFlag::kRequest)) return Errc::kMalformed;
  if (!reply && has(head.flags, IntentFlag::kFailed)) return Errc::kMalformed;
  const bool wanted = reply || has(head.flags, IntentFlag::kRequest);
  if (wanted ? !is_instance(head.reply_instance) : !head.reply_instance.empty()) {
    return Errc::kMalformed;
  }
  return Errc::kOk;
}

// The same rules as ArrayReader::read_tags.
Errc check_tags(Cursor& in) noexcept {
  const std::uint32_t count = in.map();
  if (in.ok() && count > kTagsMax) return Errc::kTooMany;
  std::uint64_t before = 0;
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t tag = in.number();
    bytes += in.bin().size();
    if (!in.ok() || tag <= before || tag > kTagMax) return Errc::kMalformed;
    if (tag < kSkippableTag) return Errc::kUnknownType;
    before = tag;
  }
  if (!in.ok()) return Errc::kMalformed;
  return bytes > kTagsMax_bytes ? Errc::kTooLarge : Errc::kOk;
}

}  // namespace

Result<Bytes> encode_intent(const IntentHead& head) {
  ArrayWriter out(8);
  out.number(kVersion).text(head.id).number(head.incarnation).number(head.ttl_ms);
  out.text(head.trace).number(head.flags).bin(head.payload).text(head.reply_instance);
  Bytes bytes = out.end();
  if (const auto read = decode_intent(bytes); !read) return passed_on(read);
  return bytes;
}

Result<IntentHead> decode_intent(std::string_view bytes) {
  Cursor in(bytes);
  const std::uint32_t count = in.array();
  const std::uint64_t version = in.number();
  if (!in.ok()) return fail(Errc::kMalformed);
  if (version != kVersion) return fail(Errc::kUnknownVersion);
  if (count != 9) return fail(Errc::kMalformed);
  IntentHead head;
  head.id = in.text();
  head.incarnation = in.number();
  const std::uint64_t ttl_ms = in.number();
  head.trace = in.text();
  const std::uint64_t flags = in.number();
  head.payload = in.bin();
  head.reply_instance = in.text();
  if (!in.ok() || ttl_ms > UINT32_MAX || flags > UINT32_MAX) return fail(Errc::kMalformed);
  if (const Errc code = check_tags(in); code != Errc::kOk) return fail(code);
  if (in.left() != 0) return fail(Errc::kTrailingBytes);
  head.ttl_ms = static_cast<std::uint32_t>(ttl_ms);
  head.flags = static_cast<std::uint32_t>(flags);
  if (const Errc code = check_fields(head); code != Errc::kOk) return fail(code);
  return head;
}

}  // namespace estop::schemas
