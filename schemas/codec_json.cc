// SPDX-License-Identifier: Apache-2.0

// Commands and answers: JSON text and msgpack maps hold the same things.
#include <nlohmann/json.hpp>

#include "schemas/codec.h"
#include "schemas/pack.h"

namespace estop::schemas {
namespace {

using Json = nlohmann::json;

// check_bounds has bounded the depth.
Result<Json> json_of(const msgpack::object& object) {
  switch (object.type) {
    case msgpack::type::NIL:
      return Json();
    case msgpack::type::BOOLEAN:
      return Json(object.via.boolean);
    case msgpack::type::POSITIVE_INTEGER:
      return Json(object.via.u64);
    case msgpack::type::NEGATIVE_INTEGER:
      return Json(object.via.i64);
    case msgpack::type::FLOAT32:
    case msgpack::type::FLOAT64:
      return Json(object.via.f64);
    case msgpack::type::STR: {
      const std::string_view text(object.via.str.ptr, object.via.str.size);
      if (!is_clean_text(text)) return fail(Errc::kMalformed, "text is not clean UTF-8");
      return Json(std::string(text));
    }
    case msgpack::type::ARRAY: {
      Json out = Json::array();
      for (std::uint32_t i = 0; i < object.via.array.size; ++i) {
        auto element = json_of(object.via.array.ptr[i]);
        if (!element) return element;
        out.push_back(std::move(*element));
      }
      return out;
    }
    case msgpack::type::MAP: {
      Json out = Json::object();
      for (std::uint32_t i = 0; i < object.via.map.size; ++i) {
        auto key = json_of(object.via.map.ptr[i].key);
        auto value = json_of(object.via.map.ptr[i].val);
        if (!key || !key->is_string()) return fail(Errc::kMalformed, "a key is not text");
        if (!value) return value;
        out[key->get<std::string>()] = std::move(*value);
      }
      return out;
    }
    case msgpack::type::BIN:
    case msgpack::type::EXT:
      break;
  }
  return fail(Errc::kMalformed, "bytes have no place in a command");
}

template <class Packer>
void pack_json(Packer& out, const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      json.get<bool>() ? out.pack_true() : out.pack_false();
      return;
    case Json::value_t::number_unsigned:
      out.pack_uint64(json.get<std::uint64_t>());
      return;
    case Json::value_t::number_integer:
      out.pack_int64(json.get<std::int64_t>());
      return;
    case Json::value_t::number_float:
      out.pack_double(json.get<double>());
      return;
    case Json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      out.pack_str(static_cast<std::uint32_t>(text.size()));
      out.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
      return;
    }
    case Json::value_t::array:
      out.pack_array(static_cast<std::uint32_t>(json.size()));
      for (const Json& element : json) pack_json(out, element);
      return;
    case Json::value_t::object:
      out.pack_map(static_cast<std::uint32_t>(json.size()));
      for (const auto& [key, value] : json.items()) {
        pack_json(out, Json(key));
        pack_json(out, value);
      }
      return;
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      out.pack_nil();
  }
}

}  // namespace

Form form_of(std::string_view bytes) noexcept {
  if (bytes.empty()) return Form::kJson;
  const auto first = static_cast<unsigned char>(bytes.front());
  const bool is_map = (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
  return is_map ? Form::kMsgpack : Form::kJson;
}

Result<JsonText> to_json(std::string_view bytes) {
  if (bytes.size() > kControlMessageMax_bytes) {
    return fail(Errc::kTooLarge, "a command of more than 512 KiB");
  }
  if (form_of(bytes) == Form::kJson) return JsonText{std::string(bytes), Form::kJson};
  if (auto bounds = check_bounds(bytes); !bounds) return tl::make_unexpected(bounds.error());
  try {
    const auto handle =
        msgpack::unpack(bytes.data(), bytes.size(), nullptr, nullptr,
                        msgpack::unpack_limit(kElementsMax, kElementsMax, bytes.size(),
                                              bytes.size(), 0, kDepthMax + 1));
    auto json = json_of(handle.get());
    if (!json) return tl::make_unexpected(json.error());
    return JsonText{json->dump(), Form::kMsgpack};
  } catch (const std::exception&) {
    return fail(Errc::kMalformed, "not msgpack within the limits");
  }
}

Bytes from_json(std::string_view json, Form form) {
  if (form == Form::kJson) return Bytes(json);
  msgpack::sbuffer out;
  msgpack::packer<msgpack::sbuffer> packer(out);
  pack_json(packer, Json::parse(json, nullptr, false));
  return {out.data(), out.size()};
}

}  // namespace estop::schemas
