// SPDX-License-Identifier: Apache-2.0

// Two types of one name in one namespace. No compiler sees both, and the linker keeps one copy of
// what it makes of either, a move constructor for example: which is used for both is chance.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>

#include "tests/tidy/rules.h"

namespace estop::tidy {
namespace {

struct Defined {
  std::string name;  // with its namespace
  std::size_t line = 0;
};

// Each stands in for a whole library in its program; the two are never linked together.
constexpr std::array<std::string_view, 4> kReplace{"tests/sim/cheap_signatures.cc",
                                                   "tests/sim/connection.cc",
                                                   "tests/sim/recorder.cc", "tests/sim/threads.cc"};

// `Link` of `class Link : public Line {`; empty if the line defines no type of its own name: it
// only declares one, or specialises a template.
std::string_view defined_type(std::string_view line) {
  bool is_type = false;
  for (const std::string_view key : {"enum ", "struct ", "class ", "union "}) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    is_type = true;
  }
  if (!is_type || (line.ends_with(';') && line.find('{') == std::string_view::npos)) return {};
  std::size_t end = 0;
  while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0 ||
                               line[end] == '_' || line[end] == ':')) {
    ++end;
  }
  if (end < line.size() && line[end] == '<') return {};
  while (end > 0 && line[end - 1] == ':') --end;  // `enum class Way: int`
  return line.substr(0, end);
}

// The format keeps whatever stands in a namespace at the first column, and says at its closing
// brace that it ends one.
std::vector<Defined> types_of(const Source& source) {
  constexpr std::string_view kOpens = "namespace ";
  std::vector<Defined> found;
  std::vector<std::string> spaces;
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    const std::string_view line = source.code[i];
    if (line.starts_with(kOpens) && line.find('{') != std::string_view::npos) {
      const std::string_view name = line.substr(kOpens.size());
      spaces.emplace_back(name.substr(0, name.find_first_of(" {")));
    } else if (source.raw[i].starts_with("}  // namespace") && !spaces.empty()) {
      spaces.pop_back();
    } else if (const auto type = defined_type(line); !type.empty()) {
      std::string name;
      bool is_private = false;
      for (const std::string& space : spaces) {
        is_private = is_private || space.empty();
        name += space + "::";
      }
      if (!is_private) found.push_back({name.append(type), i});
    }
  }
  return found;
}

}  // namespace

Violations twin_types(const std::vector<Source>& tree) {
  std::map<std::string, std::string> first;
  Violations found;
  for (const Source& source : tree) {
    if (std::find(kReplace.begin(), kReplace.end(), source.path) != kReplace.end()) continue;
    for (const Defined& type : types_of(source)) {
      const auto [at, is_new] = first.emplace(type.name, source.path);
      if (is_new) continue;
      found.push_back({source.path, type.line + 1,
                       fmt::format("{} is in {}, too: give one of them a name of its own",
                                   type.name, at->second)});
    }
  }
  return found;
}

}  // namespace estop::tidy
