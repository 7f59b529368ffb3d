// SPDX-License-Identifier: Apache-2.0

// `estop up`: the embedded default. Makes what is missing in the data folder, starts broker,
// control and bridge, says what listens where, and stays until Ctrl-C.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <utility>

#include "broker-bridge/daemon/files.h"
#include "broker-bridge/daemon/process.h"
#include "control/auth/accounts.h"
#include "control/auth/credentials.h"
#include "control/cli/commands.h"
#include "control/cli/installation.h"
#include "control/cli/programs.h"
#include "control/cli/stack.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using control::Account;
using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::Segment;

constexpr int kBrokerPort = 4222;  // in broker.conf of --init-only

Result<Ports> wanted_ports(int broker) {
  if (broker == 0 || daemon::can_listen("--port", on_loopback(broker))) return Ports{broker};
  return fail(Errc::kNoContact,
              fmt::format("port {} of 127.0.0.1 is taken, perhaps by another broker: end that one, "
                          "or choose a port with --port (0: any free one)",
                          broker));
}

Result<void> make_folders(const std::string& data) {
  std::error_code error;
  for (const char* part : {"nats", "control", "logs"}) {
    fs::create_directories(fs::path(data) / part, error);
    if (error) return fail(Errc::kStoreUnavailable, data + "/" + part + ": " + error.message());
    fs::permissions(fs::path(data) / part, fs::perms::owner_all, error);
  }
  return {};
}

// H62: what the broker may open is shared so that agents leave room for operators.
control::Connections connections(const Up& up, std::ostream& err) {
  if (up.init_only) return {};  // another one starts that broker
  const auto may = daemon::raise_descriptor_limit();
  const auto fit = control::connections_within(may);
  if (fit.all == control::kBrokerConnectionsMax) return fit;
  err << fmt::format(
      "estop: warning: the broker may open {} descriptors only, so it takes {} connections, {} of "
      "them of agents: for more raise ulimit -n, or LimitNOFILE of the service\n",
      may, fit.all, fit.agents);
  return fit;
}

// With the accounts as they are: who is revoked stays so, also for a broker that lost its folder.
Result<void> write_broker_config(const std::string& data, const control::Keyring& keys, int port,
                                 const control::Connections& fit) {
  if (auto limited = control::limit_agents(data, keys, fit.agents, now_s()); !limited) {
    return limited;
  }
  const auto accounts = control::open_accounts(data, keys, now_s());
  if (!accounts) return tl::make_unexpected(accounts.error());
  control::BrokerOptions options;
  options.store_folder = data + "/nats";
  options.port = port;
  options.connections_max = fit.all;
  return daemon::replace_file(data + "/broker.conf",
                              control::broker_config(keys, options, now_s(), *accounts));
}

bool is_person(const control::Role& role) {
  return std::holds_alternative<control::OperatorRole>(role) ||
         std::holds_alternative<control::ViewerRole>(role);
}

// Whose credentials are brought to what their role may do today: of those who have some here. The
// first operator is made with the folder, as an admin, since whoever holds the keys is one. Every
// other is made by `estop auth operator` alone: a second name is not a second person.
std::vector<control::Role> people(const std::string& data, const Common& common,
                                  const std::vector<control::Credential>& issued) {
  std::vector<control::Role> found;
  bool is_first = true;
  for (const control::Credential& one : issued) {
    if (!is_person(one.role)) continue;
    is_first = false;
    const std::string kind =
        std::holds_alternative<control::ViewerRole>(one.role) ? "viewer" : "operator";
    const std::string file = fmt::format("{}/creds/{}-{}.creds", data, kind, person(one.role));
    std::error_code ignored;
    if (one.revoked_at_s == 0 && fs::exists(file, ignored)) found.push_back(one.role);
  }
  if (is_first) {
    found.emplace_back(control::OperatorRole{*Segment::parse(common.operator_name), true});
  }
  return found;
}

// Keys, credentials of everybody who takes part, and the broker's configuration.
Result<void> make_files(const std::string& data, const Common& common, const Up& up, int port,
                        std::ostream& err) {
  if (auto made = make_folders(data); !made) return made;
  auto keys = control::open_keyring(data);
  if (!keys) return tl::make_unexpected(keys.error());
  if (auto log_key = control::open_log_key(data); !log_key) {
    return tl::make_unexpected(log_key.error());
  }
  const auto issued = control::list_credentials(data, *keys);
  if (!issued) return tl::make_unexpected(issued.error());
  const control::Role bridge = control::BridgeRole{*Segment::parse(up.bridge)};
  std::vector<std::pair<control::Role, Account>> wanted{{control::ControlRole{}, Account::kAgents},
                                                        {control::ControlRole{}, Account::kControl},
                                                        {control::ControlRole{}, Account::kSys},
                                                        {bridge, Account::kAgents},
                                                        {bridge, Account::kControl}};
  for (const control::Role& person : people(data, common, *issued)) {
    wanted.emplace_back(person, Account::kControl);
  }
  for (const schemas::Address& agent : up.agents) {
    wanted.emplace_back(control::AgentRole{agent}, Account::kAgents);
  }
  for (const auto& [role, account] : wanted) {
    if (auto path = creds_of(data, role, account); !path) return tl::make_unexpected(path.error());
  }
  return write_broker_config(data, *keys, port, connections(up, err));
}

void say_hello(const Common& common, const RunFile& run, Terminal& terminal) {
  const bool is_implied = common.data == Common{}.data || terminal.command_name != "estop";
  const std::string with_data = is_implied ? "" : " --data " + shell_quoted(common.data);
  terminal.out << fmt::format(
      "Estop is up.\n\n"
      "  broker       {}\n"
      "  control      {}/readyz  /metrics\n"
      "  bridge       {}/readyz  /metrics\n"
      "  credentials  {}/creds\n"
      "  logs         {}/logs\n\n"
      "In a second terminal:\n"
      "  {} status{}\n"
      "  {} auth agent acme/prod/mailer{}\n"
      "  {} kill acme/prod/mailer --reason \"a drill\"{}\n\n"
      "Ctrl-C stops everything.\n",
      run.url, run.control_http, run.bridge_http, common.data, common.data, terminal.command_name,
      with_data, terminal.command_name, with_data, terminal.command_name, with_data);
  // Whoever reads it may be gone by now (`estop up | head`): no reason to end what runs.
  if (!terminal.out.flush()) terminal.out.clear();
}

RunFile run_file_of(const Ports& ports) {
  return {::getpid(), "nats://" + to_text(on_loopback(ports.broker)),
          "http://" + to_text(on_loopback(ports.control)),
          "http://" + to_text(on_loopback(ports.bridge))};
}

Result<void> stay_up(const std::string& data, const Common& common, const Up& up,
                     Terminal& terminal) {
  remove_run_file(data);  // what a crash left
  auto ports = wanted_ports(up.port);
  if (!ports) return tl::make_unexpected(ports.error());
  if (auto made =
          make_files(data, common, up, ports->broker == 0 ? -1 : ports->broker, terminal.err);
      !made)
    return made;
  auto found = programs(data, common, up, terminal.search_path, *ports);
  if (!found) return tl::make_unexpected(found.error());
  Stack stack(std::move(*found), terminal.err);
  terminal.err << "estop: starting broker, control and bridge\n";
  if (auto started = stack.start(); !started) return started;
  const RunFile run = run_file_of(*ports);
  if (auto written = write_run_file(data, run); !written) return written;
  say_hello(common, run, terminal);
  stack.watch();
  terminal.err << "estop: stopping\n";
  remove_run_file(data);
  stack.stop();
  return {};
}

}  // namespace

ExitStatus run_up(const Common& common, const Up& up, Terminal& terminal) {
  auto lock = hold_folder(common.data);
  if (!lock) return fail_with(lock.error(), terminal);
  const std::string data = fs::canonical(common.data).string();
  if (common.named_by == NamedBy::kNobody && !common.user.empty()) {
    terminal.err << fmt::format(
        "estop: warning: $USER '{}' is no operator's name; in a new data folder the first one is "
        "called {}; --as NAME names another\n",
        shown(common.user), common.operator_name);
  }
  if (up.init_only) {
    const int port = up.port == 0 ? kBrokerPort : up.port;
    if (auto made = make_files(data, common, up, port, terminal.err); !made) {
      return fail_late(made.error(), terminal);
    }
    terminal.out << data << "/broker.conf\n";
    return ExitStatus::kOk;
  }
  const auto ended = stay_up(data, common, up, terminal);
  return ended ? ExitStatus::kOk : fail_late(ended.error(), terminal);
}

}  // namespace estop::cli
