// SPDX-License-Identifier: Apache-2.0

// The fields of a command, read one by one. Private to control/json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/result.h"

namespace estop::control {

inline constexpr std::size_t kFieldShown_bytes = 64;

// Remembers the first problem and the fields that were read. Tolerant: ignores a wrong field or
// puts it in range, with a note.
class Fields {
 public:
  Fields(nlohmann::json object, bool is_tolerant);
  ~Fields();
  Fields(Fields&&) noexcept;
  Fields& operator=(Fields&&) = delete;
  // Reads one object. It refuses a repeated field or nesting beyond the limit before it builds a
  // value.
  [[nodiscard]] static schemas::Result<Fields> parse(std::string_view text, bool is_tolerant);

  [[nodiscard]] bool is_tolerant() const { return is_tolerant_; }
  // A field that is absent or null gives an empty value, false, or the fallback.
  std::string text(const char* key, std::size_t max_bytes);
  std::uint64_t number(const char* key, std::uint64_t fallback, std::uint64_t low,
                       std::uint64_t high);
  bool flag(const char* key);
  std::vector<std::string> texts(const char* key);
  // The member of `choices` that the text names; the first one if the field is absent.
  template <class T>
  T one_of(const char* key, std::initializer_list<std::pair<const char*, T>> choices) {
    std::vector<const char*> words;
    for (const auto& [word, value] : choices) words.push_back(word);
    return (choices.begin() + static_cast<std::ptrdiff_t>(chosen(key, words)))->second;
  }
  // The object under `key`; read its fields, then pass it to `close`.
  std::optional<Fields> object(const char* key);
  void close(const char* key, Fields& inner);

  // Refuses the command or, where that is possible, only this field of it.
  void object_to(const char* key, const std::string& why);
  void note(std::string sentence) { notes_.push_back(std::move(sentence)); }
  std::vector<std::string> take_notes() { return std::move(notes_); }
  void refuse(const char* key, const std::string& why,
              schemas::Errc code = schemas::Errc::kBadArgument);
  void refuse(schemas::Error error);
  [[nodiscard]] const schemas::Error& problem() const { return problem_; }
  [[nodiscard]] std::vector<std::string> unknown() const;
  void refuse_unknown();

 private:
  const nlohmann::json* find(const char* key);
  std::size_t chosen(const char* key, const std::vector<const char*>& words);

  std::unique_ptr<nlohmann::json> object_;
  bool is_tolerant_;
  std::set<std::string> asked_;
  std::vector<std::string> notes_;
  schemas::Error problem_{schemas::Errc::kOk, {}};
};

}  // namespace estop::control
