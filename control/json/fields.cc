// SPDX-License-Identifier: Apache-2.0
#include "control/json/fields.h"

#include <nlohmann/json.hpp>

#include "schemas/limits.h"

namespace estop::control {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

Fields::Fields(json object, bool is_tolerant)
    : object_(std::make_unique<json>(std::move(object))), is_tolerant_(is_tolerant) {}
Fields::~Fields() = default;
Fields::Fields(Fields&&) noexcept = default;

Result<Fields> Fields::parse(std::string_view text, bool is_tolerant) {
  if (text.empty()) return Fields(json::object(), is_tolerant);
  std::set<std::string> seen;
  std::string problem;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > static_cast<int>(schemas::kDepthMax)) problem = "nested too deep";
    if (event == json::parse_event_t::key && depth == 1 && !seen.insert(value).second) {
      problem = "field '" + value.get<std::string>() + "' comes twice";
    }
    return problem.empty();
  };
  json parsed = json::parse(text, watch, false);
  if (!problem.empty()) return fail(Errc::kMalformed, problem);
  if (!parsed.is_object()) return fail(Errc::kMalformed, "a command is one JSON object");
  return Fields(std::move(parsed), is_tolerant);
}

std::string Fields::text(const char* key, std::size_t max_bytes) {
  const json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_string()) return object_to(key, "is not a text"), std::string();
  auto found = value->get<std::string>();
  if (found.size() <= max_bytes) return found;
  object_to(key, "is longer than " + std::to_string(max_bytes) + " bytes");
  return {};
}

std::uint64_t Fields::number(const char* key, std::uint64_t fallback, std::uint64_t low,
                             std::uint64_t high) {
  const json* value = find(key);
  if (value == nullptr) return fallback;
  if (value->is_number_unsigned() && *value >= low && *value <= high) {
    return value->get<std::uint64_t>();
  }
  object_to(key,
            "is not a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  if (!value->is_number_unsigned()) return fallback;
  return *value > high ? high : low;
}

bool Fields::flag(const char* key) {
  const json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) object_to(key, "is neither true nor false");
  return value->is_boolean() && value->get<bool>();
}

std::vector<std::string> Fields::texts(const char* key) {
  const json* value = find(key);
  std::vector<std::string> found;
  if (value == nullptr) return found;
  if (!value->is_array()) return object_to(key, "is not a list"), found;
  for (const json& item : *value) {
    if (!item.is_string()) {
      object_to(key, "holds something that is not a text");
      continue;
    }
    found.push_back(item.get<std::string>());
  }
  return found;
}

std::size_t Fields::chosen(const char* key, const std::vector<const char*>& words) {
  const std::string word = text(key, schemas::kKeyMax_bytes);
  const json* given = find(key);
  if (given == nullptr || !given->is_string()) return 0;
  std::string known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (word == words[i]) return i;
    known += known.empty() ? words[i] : std::string(", ") + words[i];
  }
  object_to(key, "is not one of: " + known);
  return 0;
}

std::optional<Fields> Fields::object(const char* key) {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return Fields(*value, is_tolerant_);
  object_to(key, "is not an object");
  return std::nullopt;
}

void Fields::close(const char* key, Fields& inner) {
  inner.refuse_unknown();
  if (inner.problem().code == Errc::kOk) return;
  refuse({inner.problem().code, std::string("'") + key + "': " + inner.problem().detail});
}

void Fields::object_to(const char* key, const std::string& why) {
  if (!is_tolerant_) return refuse(key, why);
  note(std::string("'") + key + "' " + why);
}

void Fields::refuse(const char* key, const std::string& why, Errc code) {
  if (problem_.code == Errc::kOk) problem_ = {code, std::string("'") + key + "' " + why};
}

void Fields::refuse(schemas::Error error) {
  if (problem_.code == Errc::kOk) problem_ = std::move(error);
}

std::vector<std::string> Fields::unknown() const {
  std::vector<std::string> names;
  for (const auto& item : object_->items()) {
    if (!asked_.contains(item.key())) names.push_back(item.key());
  }
  return names;
}

void Fields::refuse_unknown() {
  for (const std::string& field : unknown()) refuse(field.c_str(), "is no field of this command");
}

const json* Fields::find(const char* key) {
  asked_.insert(key);
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

}  // namespace estop::control
