// SPDX-License-Identifier: Apache-2.0
#include "control/cli/answer.h"

#include <nlohmann/json.hpp>

#include "control/cli/text.h"

namespace estop::cli {
namespace {

using nlohmann::json;

const json* find(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

json parse_answer(std::string_view text) {
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_object()) return parsed;
  return {{"error",
           {{"code", static_cast<unsigned>(schemas::Errc::kMalformed)},
            {"detail", "control's answer is no JSON object: are both of the same version?"}}},
          {"done", true}};
}

std::string json_text(const json& value, int indent) {
  return shown_json(value.dump(indent, ' ', false, json::error_handler_t::replace));
}

std::optional<schemas::Error> error_of(const json& answer) {
  const json* error = find(answer, "error");
  if (error == nullptr || !error->is_object()) return std::nullopt;
  const schemas::Errc code = schemas::errc_from_number(number(*error, "code"));
  const bool is_named = code != schemas::Errc::kOk;  // an error without its number is still one
  return schemas::Error{is_named ? code : schemas::Errc::kInternal, text(*error, "detail")};
}

bool has(const json& object, const char* key) {
  return find(object, key) != nullptr;
}

std::string text(const json& object, const char* key) {
  const json* value = find(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::uint64_t number(const json& object, const char* key) {
  const json* value = find(object, key);
  return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

bool flag(const json& object, const char* key) {
  const json* value = find(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::vector<std::string> texts(const json& object, const char* key) {
  std::vector<std::string> found;
  const json* value = find(object, key);
  if (value == nullptr || !value->is_array()) return found;
  for (const json& item : *value) {
    if (item.is_string()) found.push_back(item.get<std::string>());
  }
  return found;
}

std::vector<json> items(const json& object, const char* key) {
  std::vector<json> found;
  const json* value = find(object, key);
  if (value == nullptr || !value->is_array()) return found;
  for (const json& item : *value) {
    if (item.is_object()) found.push_back(item);
  }
  return found;
}

}  // namespace estop::cli
