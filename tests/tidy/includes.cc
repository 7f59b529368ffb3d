// SPDX-License-Identifier: Apache-2.0

// Whether a header includes what it uses, seen from the names in it: the build cannot tell, because
// precompiled headers bring the most common ones along.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tests/tidy/rules.h"

namespace estop::tidy {
namespace {

// What stands behind `std::` (or `tl::`), and the header that has it by the standard.
struct Home {
  std::string_view header;
  std::string_view names;  // between blanks
};
constexpr Home kHomes[] = {
    {"algorithm", " copy copy_n find_if max min nth_element "},
    {"array", " array "},
    {"atomic", " atomic memory_order_acquire memory_order_relaxed memory_order_release "},
    {"cctype", " isxdigit "},
    {"chrono", " chrono "},
    {"concepts", " derived_from integral "},
    {"condition_variable", " condition_variable condition_variable_any "},
    {"cstddef", " byte ptrdiff_t size_t "},
    {"cstdint", " int32_t int64_t uint16_t uint32_t uint64_t uint8_t "},
    {"cstdio", " fflush printf "},
    {"cstring", " memcpy memset "},
    {"ctime", " timespec "},
    {"deque", " deque "},
    {"filesystem", " filesystem "},
    {"fstream", " ifstream ios ofstream "},
    {"functional", " equal_to function hash less "},
    {"future", " future future_status promise "},
    {"initializer_list", " initializer_list "},
    {"iosfwd", " istream ostream "},
    {"iostream", " cerr cout "},
    {"iterator", " istreambuf_iterator "},
    {"list", " list "},
    {"limits", " numeric_limits "},
    {"map", " map multimap "},
    {"memory",
     " allocator enable_shared_from_this make_shared make_unique shared_ptr unique_ptr weak_ptr "},
    {"mutex", " lock_guard mutex once_flag unique_lock "},
    {"optional", " nullopt optional "},
    {"random", " random_device "},
    {"set", " multiset set "},
    {"span", " span "},
    {"sstream", " istringstream ostringstream "},
    {"stdexcept", " invalid_argument logic_error runtime_error "},
    {"stop_token", " stop_callback stop_source stop_token "},
    {"string", " stoi string to_string "},
    {"string_view", " string_view "},
    {"thread", " jthread this_thread thread "},
    {"tl/expected.hpp", " expected make_unexpected unexpected "},
    {"unordered_map", " unordered_map unordered_multimap "},
    {"utility", " exchange forward move pair swap "},
    {"variant", " get_if holds_alternative monostate variant visit "},
    {"vector", " erase_if vector "},
};

// Empty if the name is unknown.
std::string_view home_of(std::string_view name) {
  const std::string word = fmt::format(" {} ", name);
  for (const Home& home : kHomes) {
    if (home.names.find(word) != std::string_view::npos) return home.header;
  }
  return {};
}

// Headers that promise what another has: <istream> for the forward declarations of <iosfwd>.
bool brings(const std::set<std::string>& included, std::string_view header) {
  if (included.contains(std::string(header))) return true;
  static const std::multimap<std::string_view, std::string_view> also{
      {"cstddef", "cstring"},      {"cstddef", "ctime"},           {"iosfwd", "fstream"},
      {"iosfwd", "iostream"},      {"iosfwd", "istream"},          {"iosfwd", "ostream"},
      {"iosfwd", "sstream"},       {"iosfwd", "string"},           {"initializer_list", "map"},
      {"initializer_list", "set"}, {"initializer_list", "string"}, {"initializer_list", "vector"}};
  const auto [from, to] = also.equal_range(header);
  return std::any_of(
      from, to, [&](const auto& other) { return included.contains(std::string(other.second)); });
}

const Source* find(const std::vector<Source>& tree, std::string_view path) {
  for (const Source& source : tree) {
    if (source.path == path || source.path == fmt::format("agent-runtime/include/{}", path)) {
      return &source;
    }
  }
  return nullptr;
}

// What `source` includes, itself or through our own headers.
void gather(const Source& source, const std::vector<Source>& tree, std::set<std::string>& out) {
  for (const std::string& line : source.raw) {
    if (!line.starts_with("#include ")) continue;
    const std::size_t end = line.find_first_of(">\"", 10);
    if (end == std::string::npos || !out.insert(line.substr(10, end - 10)).second) continue;
    if (const Source* ours = find(tree, line.substr(10, end - 10))) gather(*ours, tree, out);
  }
}

// The word behind each `std::`, `tl::` or `fmt::` of a line.
template <typename Visit>
void each_name(std::string_view line, const Visit& visit) {
  for (const std::string_view qualifier : {"std::", "tl::", "fmt::"}) {
    for (std::size_t at = line.find(qualifier); at != std::string_view::npos;
         at = line.find(qualifier, at + 1)) {
      const bool inside_a_word = at > 0 && std::isalnum(static_cast<unsigned char>(line[at - 1]));
      if (inside_a_word) continue;
      const std::size_t from = at + qualifier.size();
      const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", from);
      visit(qualifier, line.substr(from, end == std::string_view::npos ? end : end - from));
    }
  }
}

}  // namespace

Violations missing_includes(const Source& source, const std::vector<Source>& tree) {
  Violations found;
  if (!source.is_header()) return found;
  std::set<std::string> included;
  gather(source, tree, included);
  std::set<std::string_view> told;
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    each_name(source.code[i], [&](std::string_view space, std::string_view name) {
      const std::string_view home = home_of(name);
      if (space == "fmt::") {
        if (!included.contains("fmt/format.h") && told.insert("fmt/format.h").second) {
          found.push_back({source.path, i + 1, "uses fmt: include <fmt/format.h>"});
        }
      } else if (home.empty()) {
        found.push_back({source.path, i + 1,
                         fmt::format("{}{} is unknown here: add it to kHomes in {}", space, name,
                                     "tests/tidy/includes.cc")});
      } else if (!brings(included, home) && told.insert(home).second) {
        found.push_back(
            {source.path, i + 1, fmt::format("uses {}{}: include <{}>", space, name, home)});
      }
    });
  }
  return found;
}

Violations late_own_header(const Source& source, const std::vector<Source>& tree) {
  if (source.is_header()) return {};
  const std::string own = source.path.substr(0, source.path.size() - 2) + "h";
  if (find(tree, own) == nullptr) return {};
  for (std::size_t i = 0; i < source.raw.size(); ++i) {
    if (!source.raw[i].starts_with("#include")) continue;
    if (source.raw[i] == fmt::format("#include \"{}\"", own)) return {};
    return {{source.path, i + 1,
             fmt::format("include \"{}\" first: so the build sees that it stands alone", own)}};
  }
  return {{source.path, 1, fmt::format("include \"{}\"", own)}};
}

}  // namespace estop::tidy
