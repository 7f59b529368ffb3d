// SPDX-License-Identifier: Apache-2.0
#include "tests/tidy/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace estop::tidy {
namespace {

using Folders = std::vector<std::string_view>;

bool in_any(const Source& source, const Folders& folders) {
  return std::any_of(folders.begin(), folders.end(),
                     [&](std::string_view folder) { return source.in(folder); });
}

bool is_pure(const Source& source) {
  return !source.in("tests/") && (source.in("schemas/") || source.in("/core/"));
}

// `boost/asio.hpp` of `#include <boost/asio.hpp>`; empty if the line is no include.
std::string_view included(std::string_view raw) {
  constexpr std::string_view kStart = "#include ";
  if (!raw.starts_with(kStart) || raw.size() < kStart.size() + 2) return {};
  raw.remove_prefix(kStart.size() + 1);
  return raw.substr(0, raw.find_first_of(">\""));
}

// `name` itself, or anything below it if it ends in a slash.
bool matches(std::string_view include, std::string_view name) {
  return name.ends_with('/') ? include.starts_with(name) : include == name;
}

struct OnePlace {
  Folders includes;
  Folders allowed;
  std::string_view instead;
};

const std::array kOnePlaces{
    OnePlace{{"nats.h", "nats/"},
             {"broker-bridge/nats/", "tests/"},
             "use broker-bridge/nats/connection.h or blocking.h"},
    OnePlace{{"sqlite3.h", "SQLiteCpp/"},
             {"control/recorder/", "tests/"},
             "use control/recorder/recorder.h"},
    OnePlace{{"msgpack.hpp", "msgpack/"},
             {"schemas/codec", "schemas/pack", "tests/"},
             "use schemas/codec.h"},
};

constexpr std::string_view kPureIncludes[] = {"boost/",
                                              "nats.h",
                                              "nats/",
                                              "broker-bridge/nats/",
                                              "sqlite3.h",
                                              "SQLiteCpp/",
                                              "prometheus/",
                                              "curl/",
                                              "thread",
                                              "mutex",
                                              "shared_mutex",
                                              "random",
                                              "condition_variable",
                                              "future",
                                              "fstream",
                                              "filesystem",
                                              "unistd.h",
                                              "ctime",
                                              "time.h"};

constexpr std::string_view kHeavyIncludes[] = {
    "boost/asio.hpp", "boost/asio/", "boost/beast.hpp", "boost/beast/",
    "msgpack.hpp",    "spdlog/",     "nats.h",          "nlohmann/json.hpp",
    "nats/nats.h",    "SQLiteCpp/",  "sqlite3.h",       "CLI/",
    "curl/"};

struct Ban {
  std::string_view word;
  Folders where;    // empty: everywhere
  Folders allowed;  // exceptions
  std::string_view instead;
};

constexpr std::string_view kWait = "wait for a condition with a deadline (tests/support)";
constexpr std::string_view kTimer = "use a timer of the loop: a sleeping daemon does not obey";
constexpr std::string_view kClock = "a pure core takes `now` as an argument";
constexpr std::string_view kSpawn =
    "start programs with broker-bridge/daemon/process.h: no shell, no orphan";
constexpr std::string_view kMake = "std::make_unique, or an owner with one named destroy function";

// The waiting itself, and load that has a pace.
const Folders kPaced{"tests/support/", "tests/bench/"};
// Folders and files that own raw memory or foreign handles, behind a type that gives them back.
const Folders kOwners{"broker-bridge/nats/", "broker-bridge/core/admission/scope_tree.cc"};

const std::array kBans{
    Ban{"sleep_for", {"tests/"}, kPaced, kWait},
    Ban{"sleep_until", {"tests/"}, kPaced, kWait},
    Ban{"usleep(", {"tests/"}, kPaced, kWait},
    Ban{"nanosleep(", {"tests/"}, kPaced, kWait},
    Ban{"sleep_for",
        {"broker-bridge/core/", "broker-bridge/app/", "control/core/", "control/app/"},
        {},
        kTimer},
    Ban{"using namespace", {}, {}, "name what you use; only literals may be imported whole"},
    Ban{"std::regex",
        {},
        {"tests/"},
        "it is slow and can overflow the stack: write the few comparisons out"},
    Ban{"new", {}, kOwners, kMake},
    Ban{"delete", {}, kOwners, kMake},
    Ban{"malloc(", {}, {}, kMake},
    Ban{"system(", {}, {}, kSpawn},
    Ban{"popen(", {}, {}, kSpawn},
    Ban{".detach()", {}, {}, "join it: every thread has an owner and an end"},
    Ban{"sprintf(", {}, {}, "fmt::format"},
    Ban{"strcpy(", {}, {}, "std::string"},
    Ban{"std::endl", {}, {}, "'\\n'"},
    Ban{"getenv(",
        {},
        {"/main.cc", "broker-bridge/daemon/process.cc"},
        "read the environment in main.cc and pass the value on"},
    Ban{"steady_clock", {"schemas/", "/core/"}, {"tests/"}, kClock},
    Ban{"system_clock", {"schemas/", "/core/"}, {"tests/"}, kClock},
    Ban{"clock_gettime(", {"schemas/", "/core/"}, {"tests/"}, kClock},
};

// What the word rules cannot tell apart by themselves: `before` is the code up to the word, with
// the line above it.
bool is_exempt(std::string_view word, const std::string& before, std::string_view line) {
  if (word == "using namespace") return line.find("literals") != std::string_view::npos;
  if (word == "delete") return before.ends_with("= ");
  // Straight into its owner, where a private constructor keeps std::make_unique out.
  return word == "new" && (before.find("_ptr<") != std::string::npos || before.ends_with("reset("));
}

constexpr std::string_view kSubjectKinds[] = {
    "intent",    "deliver", "inbox",   "hello",   "beat",  "checkpoint",
    "stopped",   "control", "receipt", "command", "log",   "lease",
    "emergency", "bridge",  "audit",   "store",   "event", "work"};

// "estop.intent.…" or "$JS.API.…", but not "estop.db".
bool is_subject(std::string_view literal) {
  if (literal.starts_with("$JS.") || literal.starts_with("$SYS.")) return true;
  constexpr std::string_view kPrefix = "estop.";
  if (!literal.starts_with(kPrefix)) return false;
  literal.remove_prefix(kPrefix.size());
  const std::string_view kind = literal.substr(0, literal.find_first_of(".\" "));
  return std::find(std::begin(kSubjectKinds), std::end(kSubjectKinds), kind) !=
         std::end(kSubjectKinds);
}

// The literals of a line: maximal runs between the quotes of its code.
std::vector<std::string_view> literals(const Source& source, std::size_t line) {
  std::vector<std::string_view> found;
  const std::string_view code = source.code[line];
  const std::string_view strings = source.strings[line];
  for (std::size_t open = code.find('"'); open != std::string_view::npos;) {
    const std::size_t close = code.find('"', open + 1);
    if (close == std::string_view::npos) break;
    found.push_back(strings.substr(open + 1, close - open - 1));
    open = code.find('"', close + 1);
  }
  return found;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Violation& violation) {
  return out << violation.path << ':' << violation.line << ": " << violation.text;
}

Violations foreign_includes(const Source& source) {
  Violations found;
  for (std::size_t i = 0; i < source.raw.size(); ++i) {
    const std::string_view include = included(source.raw[i]);
    if (include.empty()) continue;
    for (const OnePlace& place : kOnePlaces) {
      for (const std::string_view name : place.includes) {
        if (!matches(include, name) || in_any(source, place.allowed)) continue;
        found.push_back(
            {source.path, i + 1, fmt::format("<{}> has one place: {}", include, place.instead)});
      }
    }
    for (const std::string_view name : kPureIncludes) {
      if (!is_pure(source) || !matches(include, name)) continue;
      found.push_back(
          {source.path, i + 1,
           fmt::format("<{}> in a pure folder: decide here, do it in the shell", include)});
    }
  }
  return found;
}

Violations heavy_includes(const Source& source) {
  Violations found;
  const bool wraps =
      in_any(source, {"broker-bridge/nats/", "control/recorder/", "tests/", "schemas/pack"});
  if (!source.is_header() || wraps) return found;
  for (std::size_t i = 0; i < source.raw.size(); ++i) {
    const std::string_view include = included(source.raw[i]);
    for (const std::string_view name : kHeavyIncludes) {
      if (include.empty() || !matches(include, name)) continue;
      found.push_back(
          {source.path, i + 1,
           fmt::format("<{}> in a header: forward-declare, include it in the .cc", include)});
    }
  }
  return found;
}

Violations banned_words(const Source& source) {
  Violations found;
  for (std::size_t i = 0; i < source.code.size(); ++i) {
    const std::string_view line = source.code[i];
    for (const Ban& ban : kBans) {
      const std::size_t at = find_word(line, ban.word);
      if (at == std::string_view::npos) continue;
      std::string before = i == 0 ? std::string() : source.code[i - 1];
      if (is_exempt(ban.word, before.append(line.substr(0, at)), line)) continue;
      if (line.starts_with('#') || in_any(source, ban.allowed)) continue;
      if (!ban.where.empty() && !in_any(source, ban.where)) continue;
      found.push_back({source.path, i + 1, fmt::format("{}: {}", ban.word, ban.instead)});
    }
    for (const std::string_view mark : {"TO"
                                        "DO",
                                        "FIX"
                                        "ME"}) {
      if (find_word(source.raw[i], mark) == std::string_view::npos) continue;
      found.push_back({source.path, i + 1, fmt::format("{}: do it, or file an issue", mark)});
    }
  }
  return found;
}

Violations misplaced_literals(const Source& source) {
  Violations found;
  if (source.in("tests/")) return found;
  for (std::size_t i = 0; i < source.strings.size(); ++i) {
    if (included(source.raw[i]).size() != 0) continue;
    for (const std::string_view literal : literals(source, i)) {
      if (is_subject(literal) && source.path != "schemas/subjects.cc") {
        found.push_back({source.path, i + 1, "a subject: build it with schemas/subjects.h"});
      }
      if (literal.starts_with("estop_") && source.file_name() != "metric_names.h") {
        found.push_back({source.path, i + 1, "a metric name: take it from metric_names.h"});
      }
    }
  }
  return found;
}

Violations missing_once(const Source& source) {
  if (!source.is_header()) return {};
  const bool has =
      std::find(source.raw.begin(), source.raw.end(), "#pragma once") != source.raw.end();
  return has ? Violations{}
             : Violations{{source.path, 1, "no #pragma once: add it above the includes"}};
}

Violations missing_license(const Source& source) {
  const std::string_view license = "// SPDX-License-Identifier: Apache-2.0";
  if (!source.raw.empty() && source.raw.front() == license) return {};
  return {{source.path, 1, fmt::format("the first line names no license: {}", license)}};
}

}  // namespace estop::tidy
