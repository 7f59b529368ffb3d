// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include "control/cli/invocation.h"
#include "control/cli/misuse.h"
#include "control/cli/option_values.h"
#include "control/cli/parse_auth.h"
#include "control/cli/text.h"
#include "control/cli/typed.h"

namespace estop::cli {
namespace {

using schemas::Address;

constexpr std::string_view kFooter =
    "Scopes: acme/prod/mailer · acme/prod/mailer@k3j9x2ab (one instance) · acme/prod/* · acme/* · "
    "* "
    "(everybody)\n"
    "Exit codes: 0 done and confirmed · 1 failure · 2 usage · 3 not found · 4 denied · 5 no "
    "contact · "
    "6 sent, not confirmed\n"
    "1 is also: the answer could not be written (a full disk, a closed pipe); see standard error";

// CLI11's tree of commands. Each command has a function that makes the checked form of what was
// typed.
class Tree {
 public:
  explicit Tree(const Environment& environment);
  Parsed run(std::vector<std::string> arguments);

 private:
  CLI::App* add(CLI::App& parent, const char* name, const char* help, Make make) {
    CLI::App* made = parent.add_subcommand(name, help);
    makers_[made] = std::move(make);
    return made;
  }
  void add_common(const Environment& environment);
  void add_orders();
  void add_questions();
  void add_audit();
  void add_installation();
  void finish_common();
  Command chosen();

  CLI::App app_{"Emergency stop for AI agents: the operator's command line"};
  std::map<CLI::App*, Make> makers_;
  Typed typed_;
  TypedAuth typed_auth_;
  Common common_;
  CLI::Option* as_ = nullptr;
  Up up_;
};

Tree::Tree(const Environment& environment) {
  app_.name(environment.command_name.empty() ? "estop" : environment.command_name);
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.footer(std::string(kFooter));
  add_common(environment);
  add_orders();
  add_questions();
  add_audit();
  add_installation();
}

void Tree::add_common(const Environment& environment) {
  if (!environment.data.empty()) common_.data = environment.data;
  common_.user = environment.user;
  if (schemas::is_segment(environment.user)) {
    common_.operator_name = environment.user;
    common_.named_by = NamedBy::kUser;
  }
  app_.add_option("--data", common_.data, "data folder (environment: ESTOP_DATA)")
      ->capture_default_str();
  app_.add_option("--url", common_.url, "the broker; default: the one of the data folder");
  app_.add_option("--creds", common_.creds, "credentials file; default: made in the data folder");
  app_.add_option("--tls-ca", common_.tls_ca, "TLS only, to a broker certified by this PEM file");
  as_ = app_.add_option("--as", common_.operator_name, "operator's name, as the audit shows it")
            ->capture_default_str();
  app_.add_option("-o,--output", typed_.format, "table, wide, json or jsonl")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl"}))
      ->capture_default_str();
  app_.add_option("--timeout", typed_.timeout,
                  "how long to wait: 5s for questions, 15s for orders");
  app_.add_option("--bin-dir", common_.bin_dir, "where `up` looks first for the other programs");
}

void Tree::add_orders() {
  CLI::App* kill = add(app_, "kill", "stop a scope everywhere, now, and see it proved", [this] {
    Kill made;
    made.scope = scope_of(typed_, "kill");
    made.reason = reason_of(typed_.reason, "kill", "sends broken links");
    made.now = typed_.now;
    made.grace_ms = grace_of(typed_);
    made.revoke = typed_.revoke;
    made.wait = stages_of(typed_.wait, {"fenced", "stopped", "durable", "committed", "revoked"});
    if (!made.revoke &&
        std::find(made.wait.begin(), made.wait.end(), "revoked") != made.wait.end()) {
      refuse("--wait revoked: only with --revoke, otherwise nothing is withdrawn");
    }
    made.op_id = op_id_of(typed_.op_id);
    return made;
  });
  kill->add_flag("--now", typed_.now, "cut, without a grace for checkpoints");
  kill->add_flag("--revoke", typed_.revoke,
                 "withdraw the credentials at the broker, too, once the fence holds");
  kill->add_option("--grace", typed_.grace, "how long agents may checkpoint (default 10s)");
  CLI::App* resume = add(app_, "resume", "let a killed scope go on", [this] {
    Resume made;
    made.scope = scope_of(typed_, "resume");
    made.reason = reason_of(typed_.reason, "resume", "link is fixed");
    if (!typed_.pending.empty() && typed_.pending != "redeliver") {
      refuse(
          fmt::format("--pending {}: only redeliver; hold, discard and dead-letter need durable "
                      "work, which comes later. Leave --pending out",
                      typed_.pending));
    }
    made.wait = stages_of(typed_.wait, {"committed", "durable", "opened"});
    made.op_id = op_id_of(typed_.op_id);
    made.yes = typed_.yes;
    return made;
  });
  resume->add_option("--pending", typed_.pending,
                     "waiting work: redeliver; more comes with durable work");
  resume->add_flag("-y,--yes", typed_.yes, "do not ask; needed without a terminal");
  CLI::App* approve =
      add(app_, "approve", "as the second operator, let a waiting order go", [this] {
        return Approve{op_id_of(typed_.op_id), reason_of(typed_.reason, "approve", "seen, agreed"),
                       typed_.yes};
      });
  approve->add_option("op-id", typed_.op_id, "of the order, as `status` shows it")->required();
  approve->add_option("-r,--reason", typed_.reason, "why; goes into the audit");
  approve->add_flag("-y,--yes", typed_.yes, "do not ask; needed without a terminal");
  for (CLI::App* order : {kill, resume}) {
    order->add_option("scope", typed_.scope, "whom (see below)");
    order->add_flag("--fleet", typed_.fleet, "everybody; the same as '*'");
    order->add_option("-r,--reason", typed_.reason, "why; goes into the audit");
    order->add_option("--wait", typed_.wait, "stages to wait for, with commas between");
    order->add_option("--op-id", typed_.op_id, "the id of an order that is sent once more");
  }
}

void Tree::add_questions() {
  add(app_, "ps", "list agents and their state", [this] {
    return Ps{filter_of(typed_)};
  })->add_option("scope", typed_.scope, "only these");
  add(app_, "get", "everything about one agent",
      [this] { return Get{checked(Address::parse(typed_.address))}; })
      ->add_option("address", typed_.address, "org/workspace/name")
      ->required();
  CLI::App* watch = add(app_, "watch", "print what happens, as it happens, until Ctrl-C", [this] {
    return Watch{filter_of(typed_), typed_.place};
  });
  watch->add_option("scope", typed_.scope, "only what concerns these");
  watch->add_option("--after", typed_.place, "first what is in the audit behind this number");
  add(app_, "status", "control, bridges, log and kills in force", [] { return Status{}; });
  add(app_, "version", "the version of this program", [] { return Version{}; });
}

void Tree::add_audit() {
  CLI::App* audit = app_.add_subcommand("audit", "who did what, when and why");
  audit->require_subcommand(1);
  CLI::App* list = add(*audit, "list", "the newest entries", [this] {
    return AuditList{typed_.limit, typed_.after, typed_.kind, typed_.subject,
                     op_id_of(typed_.op_id)};
  });
  list->add_option("--limit", typed_.limit, "at most so many")
      ->check(CLI::Range(1U, 10'000U))
      ->capture_default_str();
  list->add_option("--kind", typed_.kind, "only this kind, such as kill");
  list->add_option("--subject", typed_.subject, "only this scope or address");
  list->add_option("--op-id", typed_.op_id, "only what belongs to this order");
  CLI::App* lines = add(*audit, "export", "every entry as JSON lines, oldest first", [this] {
    return AuditExport{typed_.after, typed_.through, typed_.out};
  });
  lines->add_option("--out", typed_.out, "into this new file, on the disk and read again");
  for (CLI::App* one : {list, lines}) {
    one->add_option("--after", typed_.after, "only entries with a greater number")
        ->check(CLI::NonNegativeNumber);
  }
  add(*audit, "verify", "check the hash chain from end to end", [this] {
    return AuditVerify{typed_.files};
  })->add_option("export", typed_.files, "together with these files, the oldest first");
  CLI::App* cut = add(*audit, "cut", "take out of the audit what an export has", [this] {
    return CutAudit{typed_.from, typed_.through, kept_at_of(typed_.kept_at),
                    reason_of(typed_.reason, "audit cut", "the disk is small"), typed_.yes};
  });
  cut->add_option("export", typed_.from, "file of `audit export --out`; it is read again first")
      ->required();
  cut->add_option("--kept-at", typed_.kept_at, "where the export is kept; default: this file here");
  cut->add_option("-r,--reason", typed_.reason, "why; goes into the audit");
  cut->add_flag("-y,--yes", typed_.yes, "do not ask; needed without a terminal");
  for (CLI::App* one : {lines, cut}) {
    one->add_option("--through", typed_.through, "only up to this number")
        ->check(CLI::PositiveNumber);
  }
}

void Tree::add_installation() {
  CLI::App* up = add(app_, "up", "run broker, control and one bridge here until Ctrl-C", [this] {
    for (const std::string& agent : typed_.agents) {
      up_.agents.push_back(checked(Address::parse(agent)));
    }
    if (!schemas::is_segment(up_.bridge)) refuse("--bridge: a-z, 0-9, '-' and '_' only");
    if (up_.bridge == common_.operator_name) refuse("--bridge: the operator has that name");
    return up_;
  });
  up->add_option("--port", up_.port, "the broker's port on 127.0.0.1; 0: any free one")
      ->check(CLI::Range(0, 65'535))
      ->capture_default_str();
  up->add_option("--agent", typed_.agents, "make credentials for this address, too");
  up->add_option("--bridge", up_.bridge, "name of the bridge")->capture_default_str();
  up->add_option("--second-operator", up_.second_operator, "what waits for one: resume, fleet-kill")
      ->delimiter(',')
      ->check(CLI::IsMember({"resume", "fleet-kill"}));
  up->add_option("--revoke-silent", up_.revoke_silent,
                 "withdraw an agent's credential with so many connections without a hello")
      ->check(CLI::Range(0U, 65'536U));
  up->add_flag("--init-only", up_.init_only,
               "make keys, credentials and broker.conf; start nothing");
  CLI::App* carry = add(
      app_, "carry", "begin a new data folder with what an old one keeps, its kills first", [this] {
        return Carry{typed_.from, typed_.to};
      });
  carry->add_option("old", typed_.from, "data folder that nothing runs on; it is not changed")
      ->required();
  carry->add_option("new", typed_.to, "data folder that does not exist yet")->required();
  add_auth(app_, typed_auth_, up_,
           [this](CLI::App& parent, const char* name, const char* help, Make make) {
             return add(parent, name, help, std::move(make));
           });
}

void Tree::finish_common() {
  constexpr std::pair<std::string_view, Format> kFormats[] = {{"table", Format::kTable},
                                                              {"wide", Format::kWide},
                                                              {"json", Format::kJson},
                                                              {"jsonl", Format::kJsonl}};
  for (const auto& [name, format] : kFormats) {
    if (typed_.format == name) common_.format = format;
  }
  common_.timeout_ms = timeout_of(typed_.timeout);
  if (as_->count() > 0) common_.named_by = NamedBy::kOption;
  if (!schemas::is_segment(common_.operator_name)) {
    refuse(fmt::format("--as: '{}' is no operator's name: a-z, 0-9, '-' and '_', such as alice",
                       shown(common_.operator_name)));
  }
}

Command Tree::chosen() {
  for (const auto& [command, make] : makers_) {
    if (command->parsed()) return make();
  }
  return Version{};  // unreachable: CLI11 requires a command
}

Parsed Tree::run(std::vector<std::string> arguments) {
  try {
    check_option_values(app_, arguments);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app_.parse(std::move(arguments));
    finish_common();
    return {Invocation{common_, chosen()}, ExitStatus::kOk, {}};
  } catch (const CLI::ParseError& error) {  // also how CLI11 says that help was asked for
    std::ostringstream out;
    const bool is_help = app_.exit(error, out, out) == 0;
    return {std::nullopt, is_help ? ExitStatus::kOk : ExitStatus::kUsage, out.str()};
  } catch (const Misuse& misuse) {
    return {std::nullopt, ExitStatus::kUsage, "estop: " + repaired(misuse.text) + "\n"};
  }
}

}  // namespace

Parsed parse(std::vector<std::string> arguments, const Environment& environment) {
  return Tree(environment).run(std::move(arguments));
}

}  // namespace estop::cli
