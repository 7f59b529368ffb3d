// SPDX-License-Identifier: Apache-2.0

// Internal to the codec: the one place that includes msgpack-c. Writes arrays, reads arrays
// strictly.
#pragma once

#include <msgpack.hpp>
#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::schemas {

// Whether a message ends in the map of tags that makes room for later fields (PROTOCOL.md, 4). The
// frame around a signed body has none: it never changes.
enum class Tags : std::uint8_t { kNone, kMap };

// One msgpack array of `count` fields, the map of tags (empty: this version knows none) not
// counted. `end()` gives the bytes.
class ArrayWriter {
 public:
  explicit ArrayWriter(std::uint32_t count, Tags tags = Tags::kMap) : tags_(tags), packer_(out_) {
    packer_.pack_array(count + (tags == Tags::kMap ? 1 : 0));
  }
  ArrayWriter& number(std::uint64_t value) { return packer_.pack_uint64(value), *this; }
  ArrayWriter& flag(bool value) {
    return (value ? packer_.pack_true() : packer_.pack_false()), *this;
  }
  template <class Enum>
  ArrayWriter& member(Enum value) {
    return number(static_cast<std::uint64_t>(value));
  }
  ArrayWriter& text(std::string_view value) {
    packer_.pack_str(static_cast<std::uint32_t>(value.size()));
    packer_.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
  ArrayWriter& bin(std::string_view value) {
    packer_.pack_bin(static_cast<std::uint32_t>(value.size()));
    packer_.pack_bin_body(value.data(), static_cast<std::uint32_t>(value.size()));
    return *this;
  }
  template <std::size_t N>
  ArrayWriter& fixed(const std::array<std::uint8_t, N>& value) {
    return bin({reinterpret_cast<const char*>(value.data()), N});
  }
  ArrayWriter& list(std::size_t count) {  // its elements follow
    packer_.pack_array(static_cast<std::uint32_t>(count));
    return *this;
  }
  Bytes end() {
    if (tags_ == Tags::kMap) packer_.pack_map(0);
    return std::move(out_.bytes);
  }
  // With one tag in the map.
  Bytes end_with(std::uint64_t tag, std::string_view value) {
    packer_.pack_map(1);
    number(tag).bin(value);
    return std::move(out_.bytes);
  }

 private:
  struct Out {
    Bytes bytes;
    void write(const char* data, std::size_t size) { bytes.append(data, size); }
  };
  Out out_;
  Tags tags_;
  msgpack::packer<Out> packer_;
};

// Reads one array field by field. The first fault sticks: later reads give empty values, and
// `finish` reports it.
class ArrayReader {
 public:
  // Exactly `count` fields, the first of which is the version (read here), and the map of tags.
  // `bytes` must outlive the reader; it returns copies.
  ArrayReader(std::string_view bytes, std::uint32_t count, std::size_t max_bytes,
              Tags tags = Tags::kMap, std::uint64_t version = kVersion);
  // An inner array of exactly `count` elements, without a version.
  ArrayReader(const msgpack::object& inner, std::uint32_t count);

  std::uint64_t number();
  std::uint32_t number32();
  bool flag();
  std::string text(std::size_t max_bytes);      // valid UTF-8 without control characters
  std::string any_text(std::size_t max_bytes);  // any bytes
  Bytes bin(std::size_t max_bytes);
  template <std::size_t N>
  std::array<std::uint8_t, N> fixed();
  template <class Enum>
  Enum member();
  // A list of inner arrays.
  template <class T, class Read>
  std::vector<T> list(std::uint32_t inner_count, Read read);
  // An inner array of exactly `count` elements, as the next field. Its fault is this reader's.
  template <class Read>
  void nested(std::uint32_t count, Read read);
  ArrayReader inner(std::uint32_t count);
  void skip();  // skips the next field
  std::vector<std::uint64_t> numbers(std::size_t max_count);
  std::vector<std::string> texts(std::size_t max_each_bytes, std::size_t max_count);
  std::vector<Bytes> bins(std::size_t max_each_bytes);

  void fault(Errc code, std::string detail) {
    if (error_.code == Errc::kOk) error_ = {code, std::move(detail)};
  }
  void fault(const Error& error) {
    if (error.code != Errc::kOk) fault(error.code, error.detail);
  }
  [[nodiscard]] bool ok() const noexcept { return error_.code == Errc::kOk; }
  [[nodiscard]] const Error& error() const noexcept { return error_; }
  // The value of the one tag that the reader of this message knows, behind the last field.
  std::optional<Bytes> tag(std::uint64_t known) {
    tags_ = Tags::kNone;
    return read_tags(known);
  }
  template <class T>
  Result<T> finish(T value) {
    if (tags_ == Tags::kMap) (void)read_tags(0);
    if (!ok()) return tl::make_unexpected(error_);
    return value;
  }

 private:
  void open(std::string_view bytes, std::size_t max_bytes);
  std::optional<Bytes> read_tags(std::uint64_t known);
  const msgpack::object* next(msgpack::type::object_type type, const char* what);

  std::optional<msgpack::zone> zone_;  // of the outermost reader
  msgpack::object root_;
  const msgpack::object* array_ = nullptr;
  std::uint32_t at_ = 0;
  Tags tags_ = Tags::kNone;
  Error error_{Errc::kOk, {}};
};

template <std::size_t N>
std::array<std::uint8_t, N> ArrayReader::fixed() {
  std::array<std::uint8_t, N> out{};
  const Bytes bytes = bin(N);
  if (ok() && bytes.size() != N) fault(Errc::kMalformed, "a hash or key has the wrong length");
  if (ok()) std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(out.data()));
  return out;
}

// An enum's member from its number: known members have a name.
template <class Enum>
Enum ArrayReader::member() {
  const std::uint64_t value = number();
  const auto made = static_cast<Enum>(value & 0xff);
  if (ok() && (value > 0xff || name(made) == "?")) {
    fault(Errc::kUnknownType, "number " + std::to_string(value) + " stands for nothing known");
  }
  return made;
}
template <>
inline Errc ArrayReader::member<Errc>() {
  return errc_from_number(number());
}

template <class Read>
void ArrayReader::nested(std::uint32_t count, Read read) {
  ArrayReader within = inner(count);
  read(within);
  fault(within.error());
}

template <class T, class Read>
std::vector<T> ArrayReader::list(std::uint32_t inner_count, Read read) {
  std::vector<T> out;
  const auto* object = next(msgpack::type::ARRAY, "a list");
  if (object == nullptr) return out;
  for (std::uint32_t i = 0; i < object->via.array.size && ok(); ++i) {
    ArrayReader inner(object->via.array.ptr[i], inner_count);
    out.push_back(read(inner));
    if (!inner.ok()) error_ = inner.error();
  }
  return out;
}

}  // namespace estop::schemas
