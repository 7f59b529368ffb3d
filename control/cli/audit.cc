// SPDX-License-Identifier: Apache-2.0

// audit export, verify and cut: the audit as files, checked entry by entry.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/export_chain.h"
#include "control/cli/export_file.h"
#include "control/cli/pages.h"
#include "control/cli/session.h"
#include "control/cli/text.h"
#include "control/cli/views.h"
#include "schemas/signing.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::uint32_t kQuestionWait_ms = 5'000;
constexpr std::uint32_t kPage_rows = 1'000;

Result<json> ask_once(Session& session, const Common& common, std::string_view verb,
                      const json& request) {
  return ask_page(session, verb, request, common.timeout_ms.value_or(kQuestionWait_ms));
}

struct Range {
  std::uint64_t after = 0;
  std::uint64_t through = 0;  // 0: to the end
};

// One page at a time: the whole audit is not kept in memory. Returns what was cut away of the
// range.
Result<json> each_entry(Session& session, const Common& common, Range range, const TakeLine& take) {
  json cut;
  json page{{"after", range.after}, {"limit", kPage_rows}};
  while (!page.is_null()) {
    if (range.through != 0) page["before"] = range.through + 1;
    const auto answer = ask_once(session, common, "audit", page);
    if (!answer) return answer;
    if (has(*answer, "cut")) cut = answer->at("cut");
    for (const json& row : items(*answer, "rows")) {
      if (auto taken = take(json_text(row)); !taken) return tl::make_unexpected(taken.error());
    }
    page = next_page({{"after", page["after"]}}, *answer);
    if (!page.is_null()) page["limit"] = kPage_rows;
  }
  return cut;
}

void tell_cut(const json& cut, Terminal& terminal) {
  if (!cut.is_null()) terminal.err << "estop: " << view_cut(cut) << '\n';
}

ExitStatus export_to_file(Session& session, const Common& common, const AuditExport& audit,
                          Terminal& terminal) {
  auto file = ExportFile::create(audit.out);
  if (!file) return fail_late(file.error(), terminal);
  bool is_empty = true;
  const auto cut =
      each_entry(session, common, {audit.after, audit.through}, [&](std::string_view line) {
        is_empty = false;
        return file->write(line);
      });
  if (!cut) return fail_late(cut.error(), terminal);
  tell_cut(*cut, terminal);
  if (is_empty) {
    return fail_late({Errc::kNotFound, "there is no such entry: no file was made"}, terminal);
  }
  ExportChain chain;
  const auto done = file->finish([&](std::string_view line) { return chain.take(line); });
  if (!done) return fail_late(done.error(), terminal);
  if (common.format == Format::kJson || common.format == Format::kJsonl) {
    terminal.out << json_text({{"file", audit.out},
                               {"first", chain.first()},
                               {"last", chain.last()},
                               {"hash", schemas::hex(chain.hash())}})
                 << '\n';
  } else {
    terminal.out << fmt::format("{}: entries {} to {}, on the disk and read again\n",
                                shown(audit.out), chain.first(), chain.last());
  }
  return ExitStatus::kOk;
}

// --- cut ---

// Where a file is for whoever reads the audit on another machine.
std::string place_of(const std::string& path) {
  std::array<char, HOST_NAME_MAX + 1> host{};
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  const bool is_named = ::gethostname(host.data(), host.size() - 1) == 0;
  return fmt::format("{}:{}", is_named ? host.data() : "?", error ? path : absolute.string());
}

// The chain of the file up to `through`, or to its end.
Result<ExportChain> read_export(const std::string& path, std::uint64_t through) {
  ExportChain chain(through);
  const auto read = read_lines(path, [&](std::string_view line) {
    const bool is_enough = through != 0 && chain.last() >= through;
    return is_enough ? Result<void>() : chain.take(line);
  });
  if (!read) return fail(read.error().code, shown(path) + ": " + read.error().detail);
  if (chain.is_empty()) return fail(Errc::kStoreUnavailable, shown(path) + " holds no entry");
  if (through == 0 || chain.last() == through) return chain;
  return fail(Errc::kStoreUnavailable,
              fmt::format("{} has the entries {} to {}, not {}", shown(path), chain.first(),
                          chain.last(), through));
}

bool agrees_to_cut(const ExportChain& chain, const CutAudit& cut, const std::string& kept_at,
                   Terminal& terminal) {
  terminal.err << fmt::format(
      "This takes the entries up to {} out of the audit; it then begins with entry {}.\n"
      "They are in {}, which was read again just now. Nothing else keeps them.\n",
      chain.last(), chain.last() + 1, shown(kept_at));
  return agrees("Cut?", cut.yes, terminal);
}

// --- verify ---

// What control says of its own part, and the files before it, are one chain. Says what is not.
Result<void> joins(Session& session, const Common& common, const ExportChain& files,
                   const json& verdict) {
  const json cut = has(verdict, "cut") ? verdict.at("cut") : json::object();
  const std::uint64_t through = number(cut, "through");
  if (files.last() < through) {
    return fail(Errc::kChainBroken,
                fmt::format("the entries {} to {} are neither in these files nor in the audit. {}",
                            files.last() + 1, through, view_cut(cut)));
  }
  if (files.marked_hash() && schemas::hex(*files.marked_hash()) != text(cut, "hash")) {
    return fail(Errc::kChainBroken,
                fmt::format("entry {} of the files is not the one that was cut away: they are of "
                            "another Estop, or were changed",
                            through));
  }
  if (files.last() == through) return {};
  const auto answer =
      ask_once(session, common, "audit", {{"after", files.last() - 1}, {"limit", 1}});
  if (!answer) return tl::make_unexpected(answer.error());
  const auto rows = items(*answer, "rows");
  const bool is_same = !rows.empty() && number(rows.front(), "number") == files.last() &&
                       text(rows.front(), "hash") == schemas::hex(files.hash());
  if (is_same) return {};
  return fail(Errc::kChainBroken,
              fmt::format("entry {} of the files is not the audit's: they are of another Estop, or "
                          "were changed",
                          files.last()));
}

ExitStatus print_joined(const Common& common, const ExportChain& files, const json& verdict,
                        Terminal& terminal) {
  if (common.format == Format::kJson || common.format == Format::kJsonl) {
    json told = verdict;
    told["files"] = {{"first", files.first()}, {"last", files.last()}};
    terminal.out << json_text(told) << '\n';
    return ExitStatus::kOk;
  }
  terminal.out << fmt::format(
      "ok: the files hold the entries {} to {}, and with the {} entries of the audit they are one "
      "chain\n",
      files.first(), files.last(), number(verdict, "rows"));
  if (files.first() > 1) {
    terminal.err << fmt::format("estop: entries before {} were not looked at\n", files.first());
  }
  return ExitStatus::kOk;
}

}  // namespace

ExitStatus run_export(const Common& common, const AuditExport& audit, Terminal& terminal) {
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  if (!audit.out.empty()) return export_to_file(*session, common, audit, terminal);
  const auto cut = each_entry(*session, common, {audit.after, audit.through},
                              [&](std::string_view line) -> Result<void> {
                                if (terminal.out << line << '\n') return {};
                                return fail(Errc::kStoreUnavailable, "the rest was not asked for");
                              });
  if (!cut && terminal.out) return fail_late(cut.error(), terminal);
  if (cut) tell_cut(*cut, terminal);
  return ExitStatus::kOk;  // `run` looks at the output
}

ExitStatus run_cut(const Common& common, const CutAudit& cut, Terminal& terminal) {
  if (!can_ask("audit cut", cut.yes, terminal)) return ExitStatus::kUsage;
  const auto chain = read_export(cut.file, cut.through);
  if (!chain) return fail_late(chain.error(), terminal);
  const std::string kept_at = cut.kept_at.empty() ? place_of(cut.file) : cut.kept_at;
  const json request{{"after", chain->first() - 1},
                     {"through", chain->last()},
                     {"hash", schemas::hex(chain->hash())},
                     {"kept_at", kept_at},
                     {"reason", cut.reason}};
  if (auto good = check_command("cut", request); !good) return fail_with(good.error(), terminal);
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  if (!agrees_to_cut(*chain, cut, kept_at, terminal)) {
    terminal.err << "estop: nothing was cut\n";
    return ExitStatus::kFailure;
  }
  const auto answer = ask_once(*session, common, "cut", request);
  if (!answer && answer.error().code == Errc::kTimeout) {
    fail_with(answer.error(), terminal);
    terminal.err << "estop: sent, not confirmed: the same command again tells\n";
    return ExitStatus::kUnconfirmed;
  }
  if (!answer) return fail_late(answer.error(), terminal);
  if (common.format == Format::kJson || common.format == Format::kJsonl) {
    terminal.out << json_text(*answer) << '\n';
  } else {
    terminal.out << view_cut(answer->at("cut")) << '\n';
  }
  return ExitStatus::kOk;
}

ExitStatus run_verify_files(const Common& common, const AuditVerify& verify, Terminal& terminal) {
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  const auto verdict = ask_once(*session, common, "verify", json::object());
  if (!verdict) return fail_late(verdict.error(), terminal);
  if (!flag(*verdict, "ok")) {
    terminal.out << view_verdict(*verdict);
    return ExitStatus::kFailure;
  }
  ExportChain files(has(*verdict, "cut") ? number(verdict->at("cut"), "through") : 0);
  for (const std::string& path : verify.files) {
    const auto read = read_lines(path, [&](std::string_view line) { return files.take(line); });
    if (!read) {
      return fail_late({read.error().code, shown(path) + ": " + read.error().detail}, terminal);
    }
  }
  if (files.is_empty()) return fail_late({Errc::kMalformed, "these files are empty"}, terminal);
  if (auto joined = joins(*session, common, files, *verdict); !joined) {
    return fail_late(joined.error(), terminal);
  }
  return print_joined(common, files, *verdict, terminal);
}

}  // namespace estop::cli
