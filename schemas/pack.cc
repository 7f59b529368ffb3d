// SPDX-License-Identifier: Apache-2.0
#include "schemas/pack.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "schemas/codec.h"
#include "schemas/printable.h"

namespace estop::schemas {
namespace {

// The tree of most messages: their fields alone, for texts and bytes are not copied into it. The
// allocator keeps blocks of this size at hand; those of the library's own default it does not.
constexpr std::size_t kZone_bytes = 960;

// Walks a value without building it. Every `return false` ends the walk with `code`.
class BoundsVisitor : public msgpack::null_visitor {
 public:
  explicit BoundsVisitor(std::size_t size_bytes) : size_bytes_(size_bytes) {}
  Errc code = Errc::kOk;

  bool visit_str(const char* data, std::uint32_t size) {
    if (in_key_ && !keys_.back().emplace(data, size).second) return refuse(Errc::kDuplicateKey);
    return true;
  }
  bool visit_ext(const char*, std::uint32_t) { return refuse(Errc::kMalformed); }
  bool start_array(std::uint32_t count) { return enter(count); }
  bool start_map(std::uint32_t count) {
    keys_.emplace_back();
    return enter(2ULL * count);
  }
  bool start_map_key() { return in_key_ = true; }
  bool end_map_key() {
    in_key_ = false;
    return true;
  }
  bool end_array() { return leave(); }
  bool end_map() {
    keys_.pop_back();
    return leave();
  }
  void parse_error(std::size_t, std::size_t) {}
  void insufficient_bytes(std::size_t, std::size_t) {}

 private:
  bool refuse(Errc why) {
    code = why;
    return false;
  }
  bool enter(std::uint64_t count) {
    if (in_key_) return refuse(Errc::kMalformed);  // only plain keys
    // Every element takes at least one byte: a claim beyond the size of the message is a lie.
    elements_ += count;
    if (elements_ > kElementsMax || elements_ > size_bytes_) return refuse(Errc::kTooMany);
    return ++depth_ <= kDepthMax || refuse(Errc::kTooDeep);
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::size_t size_bytes_;
  std::uint64_t elements_ = 0;
  std::size_t depth_ = 0;
  bool in_key_ = false;
  std::vector<std::set<std::string_view>> keys_;
};

}  // namespace

namespace {

// Length of the character at the front; 0: none that a text may have.
std::size_t clean_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const bool control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f;
  return control ? 0 : utf8_length(text);
}

}  // namespace

bool is_clean_text(std::string_view text) {
  const auto is_plain = [](char one) { return one >= 0x20 && one < 0x7f; };  // most of all text
  for (;;) {
    const auto other = std::find_if_not(text.begin(), text.end(), is_plain);
    text.remove_prefix(static_cast<std::size_t>(other - text.begin()));
    if (text.empty()) return true;
    const std::size_t length = clean_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
}

std::string clean_text(std::string_view text, std::size_t max_bytes) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = clean_length(text);
    const std::string_view next = length == 0 ? "?" : text.substr(0, length);
    if (clean.size() + next.size() > max_bytes) break;
    clean += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

Result<void> check_bounds(std::string_view bytes) {
  BoundsVisitor visitor(bytes.size());
  std::size_t at = 0;
  const bool whole = msgpack::parse(bytes.data(), bytes.size(), at, visitor);
  if (visitor.code != Errc::kOk) return fail(visitor.code);
  if (!whole) return fail(Errc::kMalformed, "not one whole msgpack value");
  if (at != bytes.size()) {
    return fail(Errc::kTrailingBytes, fmt::format("{} bytes too many", bytes.size() - at));
  }
  return {};
}

ArrayReader::ArrayReader(std::string_view bytes, std::uint32_t count, std::size_t max_bytes,
                         Tags tags, std::uint64_t version)
    : tags_(tags) {
  open(bytes, max_bytes);
  const std::uint64_t written = number();
  if (ok() && written != version) {
    fault(Errc::kUnknownVersion, fmt::format("version {}, not {}", written, version));
  }
  const std::uint32_t fields = count + (tags == Tags::kMap ? 1 : 0);
  if (ok() && array_->via.array.size != fields) {
    fault(Errc::kMalformed, fmt::format("{} fields, not {}", array_->via.array.size, fields));
  }
}

// Whoever sent a tag below kSkippableTag says that it has to be understood.
std::optional<Bytes> ArrayReader::read_tags(std::uint64_t known) {
  std::optional<Bytes> found;
  const auto refuse = [&](Errc code, std::string detail) {
    fault(code, std::move(detail));
    return std::nullopt;
  };
  const auto* object = next(msgpack::type::MAP, "a map of tags");
  if (object == nullptr) return found;
  const msgpack::object_map& map = object->via.map;
  if (map.size > kTagsMax) {
    return refuse(Errc::kTooMany, fmt::format("{} tags, at most {}", map.size, kTagsMax));
  }
  std::uint64_t before = 0;
  std::size_t bytes = 0;
  for (std::uint32_t i = 0; i < map.size; ++i) {
    const auto& [key, value] = map.ptr[i];
    if (key.type != msgpack::type::POSITIVE_INTEGER || value.type != msgpack::type::BIN ||
        key.via.u64 <= before || key.via.u64 > kTagMax) {
      return refuse(Errc::kMalformed, fmt::format("tag {} of the map has the wrong shape", i));
    }
    before = key.via.u64;
    bytes += value.via.bin.size;
    if (before == known) {
      found.emplace(value.via.bin.ptr, value.via.bin.size);
    } else if (before < kSkippableTag) {
      return refuse(Errc::kUnknownType, fmt::format("tag {} has to be understood", before));
    }
  }
  if (bytes > kTagsMax_bytes) {
    fault(Errc::kTooLarge, fmt::format("{} bytes of tags, at most {}", bytes, kTagsMax_bytes));
  }
  return found;
}

void ArrayReader::open(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.size() > max_bytes) {
    return fault(Errc::kTooLarge, fmt::format("{} bytes, at most {}", bytes.size(), max_bytes));
  }
  if (auto bounds = check_bounds(bytes); !bounds) {
    return fault(bounds.error().code, bounds.error().detail);
  }
  try {
    // check_bounds has walked every claim already; the limits repeat its numbers for the builder.
    const auto refers = [](msgpack::type::object_type, std::size_t, void*) { return true; };
    root_ = msgpack::unpack(
        zone_.emplace(kZone_bytes), bytes.data(), bytes.size(), refers, nullptr,
        msgpack::unpack_limit(kElementsMax, kElementsMax, max_bytes, max_bytes, 0, kDepthMax + 1));
  } catch (const std::exception&) {
    return fault(Errc::kMalformed, "not msgpack within the limits");
  }
  if (root_.type != msgpack::type::ARRAY) return fault(Errc::kMalformed, "not an array");
  array_ = &root_;
}

ArrayReader::ArrayReader(const msgpack::object& inner, std::uint32_t count) : array_(&inner) {
  if (inner.type != msgpack::type::ARRAY || inner.via.array.size != count) {
    fault(Errc::kMalformed, "an inner list has the wrong shape");
  }
}

const msgpack::object* ArrayReader::next(msgpack::type::object_type type, const char* what) {
  if (!ok()) return nullptr;
  const std::uint32_t index = at_++;
  if (index >= array_->via.array.size || array_->via.array.ptr[index].type != type) {
    fault(Errc::kMalformed, fmt::format("field {} is not {}", index, what));
    return nullptr;
  }
  return &array_->via.array.ptr[index];
}

std::uint64_t ArrayReader::number() {
  const auto* object = next(msgpack::type::POSITIVE_INTEGER, "a number");
  return object != nullptr ? object->via.u64 : 0;
}

std::uint32_t ArrayReader::number32() {
  const std::uint64_t value = number();
  if (value > UINT32_MAX) fault(Errc::kMalformed, "a number is larger than 32 bits");
  return static_cast<std::uint32_t>(value);
}

bool ArrayReader::flag() {
  const auto* object = next(msgpack::type::BOOLEAN, "true or false");
  return object != nullptr && object->via.boolean;
}

std::string ArrayReader::any_text(std::size_t max_bytes) {
  const auto* object = next(msgpack::type::STR, "text");
  if (object == nullptr) return {};
  std::string out(object->via.str.ptr, object->via.str.size);
  if (out.size() > max_bytes) fault(Errc::kTooLarge, fmt::format("text over {} bytes", max_bytes));
  return out;
}

std::string ArrayReader::text(std::size_t max_bytes) {
  std::string out = any_text(max_bytes);
  if (!is_clean_text(out)) fault(Errc::kMalformed, "text is not UTF-8 or has control characters");
  return out;
}

Bytes ArrayReader::bin(std::size_t max_bytes) {
  const auto* object = next(msgpack::type::BIN, "bytes");
  if (object == nullptr) return {};
  if (object->via.bin.size > max_bytes) {
    fault(Errc::kTooLarge, fmt::format("{} bytes, at most {}", object->via.bin.size, max_bytes));
    return {};
  }
  return {object->via.bin.ptr, object->via.bin.size};
}

ArrayReader ArrayReader::inner(std::uint32_t count) {
  static const msgpack::object kNothing;
  const auto* object = next(msgpack::type::ARRAY, "a list");
  ArrayReader within(object != nullptr ? *object : kNothing, count);
  if (object == nullptr) within.error_ = error_;
  return within;
}

void ArrayReader::skip() {
  if (ok() && at_++ >= array_->via.array.size) fault(Errc::kMalformed, "a field is missing");
}

std::vector<std::uint64_t> ArrayReader::numbers(std::size_t max_count) {
  std::vector<std::uint64_t> out;
  const auto* object = next(msgpack::type::ARRAY, "a list of numbers");
  if (object == nullptr) return out;
  if (object->via.array.size > max_count) {
    fault(Errc::kTooMany, fmt::format("{} numbers, at most {}", object->via.array.size, max_count));
    return out;
  }
  ArrayReader within(*object, object->via.array.size);
  while (within.ok() && out.size() < object->via.array.size) out.push_back(within.number());
  fault(within.error());
  return out;
}

std::vector<std::string> ArrayReader::texts(std::size_t max_each_bytes, std::size_t max_count) {
  std::vector<std::string> out;
  const auto* object = next(msgpack::type::ARRAY, "a list of texts");
  if (object == nullptr) return out;
  if (object->via.array.size > max_count) {
    fault(Errc::kTooMany, fmt::format("{} texts, at most {}", object->via.array.size, max_count));
    return out;
  }
  ArrayReader inner(*object, object->via.array.size);
  while (inner.ok() && out.size() < object->via.array.size) {
    out.push_back(inner.text(max_each_bytes));
  }
  if (!inner.ok()) error_ = inner.error();
  return out;
}

std::vector<Bytes> ArrayReader::bins(std::size_t max_each_bytes) {
  std::vector<Bytes> out;
  const auto* object = next(msgpack::type::ARRAY, "a list of byte strings");
  if (object == nullptr) return out;
  ArrayReader inner(*object, object->via.array.size);
  while (inner.ok() && out.size() < object->via.array.size) {
    out.push_back(inner.bin(max_each_bytes));
  }
  if (!inner.ok()) error_ = inner.error();
  return out;
}

}  // namespace estop::schemas
