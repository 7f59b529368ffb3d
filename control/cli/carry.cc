// SPDX-License-Identifier: Apache-2.0

// `estop carry OLD NEW`: what one data folder keeps begins a new one.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/auth/accounts.h"
#include "control/auth/credentials.h"
#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/installation.h"
#include "control/cli/text.h"
#include "control/recorder/carry.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using control::Carried;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

constexpr std::uint64_t kMs_per_s = 1'000;

// The new folder while it is made; it goes if it is not finished.
class Staged {
 public:
  explicit Staged(const std::string& target)
      : target_(target), path_(fmt::format("{}.carry-{}", target, ::getpid())) {}
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged() {
    std::error_code ignored;
    if (!is_done_) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] Result<void> make() const {
    std::error_code error;
    if (fs::exists(target_, error) && !fs::is_empty(target_, error)) {
      return fail(Errc::kStoreUnavailable,
                  fmt::format("{} exists and is not empty: name a new folder", shown(target_)));
    }
    if (::mkdir(path_.c_str(), 0700) == 0) return {};
    return fail(Errc::kStoreUnavailable,
                fmt::format("cannot make the folder {}: {}", shown(path_), std::strerror(errno)));
  }

  // Whole or not at all.
  [[nodiscard]] Result<void> finish() {
    std::error_code error;
    fs::rename(path_, target_, error);
    is_done_ = !error;
    if (is_done_) return {};
    return fail(Errc::kStoreUnavailable, fmt::format("cannot rename {} to {}: {}", shown(path_),
                                                     shown(target_), error.message()));
  }

 private:
  std::string target_;
  std::string path_;
  bool is_done_ = false;
};

// Scopes whose addresses get no new credential until they are resumed. They stand in the old
// account, which only its own keys can read.
Result<std::size_t> carry_bars(const Carry& carry, const std::string& to,
                               const control::Keyring& fresh, std::uint64_t now_s) {
  const auto old = keys_of(carry.from);
  if (!old) return tl::make_unexpected(old.error());
  const auto accounts = control::open_accounts(carry.from, *old, now_s);
  if (!accounts) return tl::make_unexpected(accounts.error());
  const auto claims = control::read_account_jwt(*old, control::Account::kAgents, accounts->front());
  if (!claims) return tl::make_unexpected(claims.error());
  for (const std::string& barred : claims->barred) {
    const auto scope = schemas::Scope::parse(barred);
    if (!scope) return tl::make_unexpected(scope.error());
    const auto nobody = [](const control::Credential&) { return false; };
    const auto made = control::revoke_credentials(to, fresh, nobody, now_s, &*scope);
    if (!made) return tl::make_unexpected(made.error());
  }
  return claims->barred.size();
}

void print(const Carry& carry, const Carried& told, Terminal& terminal) {
  std::ostream& out = terminal.out;
  out << fmt::format("kills        {} hold{}\n", told.kills.size(), told.kills.empty() ? "" : ":");
  for (const schemas::Record& kill : told.kills) {
    out << fmt::format("             {}   by {}, op {}: {}\n", kill.scope().text(),
                       shown(kill.actor.name), shown(kill.op_id), shown(kill.reason));
  }
  out << fmt::format("log          {} records, signed anew\n", told.records);
  out << fmt::format("checkpoints  {}\n", told.checkpoints);
  out << fmt::format("effects      {}, {} of them begun and not finished\n", told.effects,
                     told.effects_begun);
  out << fmt::format("audit        {} entries\n", told.audit_rows);
  for (const std::string& dropped : told.dropped) {
    terminal.err << "estop: left out: " << shown(dropped) << "; what it named stays killed\n";
  }
  for (const std::string& op_id : told.not_logged) {
    terminal.err << fmt::format(
        "estop: the kill {} never came into the old log and does NOT hold in the new one: look "
        "into "
        "the audit, and kill again\n",
        shown(op_id));
  }
  terminal.err << fmt::format(
      "estop: kills that only the old broker's stream held are not carried. Now: {} up --data {}, "
      "then a new credential for everybody ({} auth agent, operator, bridge)\n",
      terminal.command_name, shell_quoted(carry.to), terminal.command_name);
}

void print_json(const Carried& told, Terminal& terminal) {
  nlohmann::json kills = nlohmann::json::array();
  for (const schemas::Record& kill : told.kills) {
    kills.push_back({{"op_id", kill.op_id},
                     {"scope", kill.scope().text()},
                     {"actor", kill.actor.name},
                     {"reason", kill.reason}});
  }
  const nlohmann::json all = {{"kills", kills},
                              {"records", told.records},
                              {"checkpoints", told.checkpoints},
                              {"effects", told.effects},
                              {"effects_begun", told.effects_begun},
                              {"audit_rows", told.audit_rows},
                              {"dropped", told.dropped},
                              {"not_logged", told.not_logged}};
  terminal.out << json_text(all) << '\n';
}

}  // namespace

ExitStatus run_carry(const Common& common, const Carry& carry, Terminal& terminal) {
  Staged staged(carry.to);
  if (auto made = staged.make(); !made) return fail_with(made.error(), terminal);
  const auto keys = control::open_keyring(staged.path());
  if (!keys) return fail_with(keys.error(), terminal);
  const auto log_key = control::open_log_key(staged.path());
  if (!log_key) return fail_with(log_key.error(), terminal);
  const std::uint64_t now_s = cli::now_s();
  const auto told = control::carry({.from = carry.from + "/control",
                                    .to = staged.path() + "/control",
                                    .actor = common.operator_name,
                                    .now_ms = now_s * kMs_per_s},
                                   *log_key);
  if (!told) return fail_with(told.error(), terminal);
  const auto bars = carry_bars(carry, staged.path(), *keys, now_s);
  if (auto done = staged.finish(); !done) return fail_with(done.error(), terminal);
  const bool as_json = common.format == Format::kJson || common.format == Format::kJsonl;
  if (as_json) print_json(*told, terminal);
  if (!as_json) print(carry, *told, terminal);
  if (!bars) {
    terminal.err << "estop: who gets no new credential was not carried ("
                 << shown(to_string(bars.error())) << "): give none to what is killed\n";
  }
  return bars && told->not_logged.empty() ? ExitStatus::kOk : ExitStatus::kUnconfirmed;
}

}  // namespace estop::cli
