// SPDX-License-Identifier: Apache-2.0

// The broker's configuration text, and the credentials that fit it.
#include <fmt/format.h>

#include "control/auth/accounts.h"
#include "control/auth/claims.h"
#include "schemas/limits.h"

namespace estop::control {
namespace {

using schemas::KeyRole;
using schemas::SigningKey;

constexpr std::size_t kControlLineMax_bytes =
    4096;  // the longest subject and reply are below 1 KiB
// A reader that stopped holds up whoever sends to it: from three quarters of these bytes on the
// broker makes its senders wait (nats-server 2.9: a message up to a second), the bridges too, until
// it drops the reader when a write to it has taken this long. So the time is short, and the bytes
// are more than a busy agent is sent in it; not so many that a bridge under a flood could not read
// them in that time, for it is dropped by the same rule.
constexpr std::size_t kPendingMax_bytes = 16 * 1024 * 1024;
// Given, because a broker that measures them itself when its disk is full finds 0, and keeps that
// until somebody restarts it: no resume could be written. The control log needs a small part.
constexpr std::uint64_t kStoreMax_bytes = 64ULL * 1024 * 1024 * 1024;
constexpr int kWriteDeadline_s = 1;
constexpr int kPing_s = 10;
constexpr int kPingsMax = 2;
constexpr int kAuthTimeout_s = 5;    // thousands may connect at once after a restart
constexpr int kResolverSync_s = 60;  // between the servers of a cluster
static_assert(kPendingMax_bytes >= 4 * schemas::kBrokerPayloadMax_bytes);

// A string as nats-server's configuration reads it back.
std::string in_quotes(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
      case '\\':
        made += '\\';
        made += c;
        break;
      case '\n':
        made += "\\n";
        break;
      case '\r':
        made += "\\r";
        break;
      case '\t':
        made += "\\t";
        break;
      default:
        made += c;
    }
  }
  return made + '"';
}

std::string optional_line(std::string_view setting, const std::string& path) {
  return path.empty() ? std::string() : fmt::format("{}: {}\n", setting, in_quotes(path));
}

std::string monitor_line(int port) {
  return port == 0 ? std::string() : fmt::format("http: \"127.0.0.1:{}\"\n", port);
}

std::string preloaded_accounts(const Keyring& keys, const AccountJwts& accounts) {
  std::string lines;
  for (const Account account : kAccounts) {
    lines += fmt::format("  # {}\n  {}: {}\n", name(account), keys.account(account).public_text(),
                         in_quotes(accounts[static_cast<std::size_t>(account)]));
  }
  return lines;
}

}  // namespace

Keyring Keyring::generate() {
  return {SigningKey::generate(KeyRole::kOperator), SigningKey::generate(KeyRole::kAccount),
          SigningKey::generate(KeyRole::kAccount), SigningKey::generate(KeyRole::kAccount)};
}

const SigningKey& Keyring::account(Account account) const noexcept {
  switch (account) {
    case Account::kAgents:
      return agents_account;
    case Account::kControl:
      return control_account;
    case Account::kSys:
      break;
  }
  return sys_account;
}

std::string broker_config(const Keyring& keys, const BrokerOptions& options,
                          std::uint64_t issued_at_s) {
  AccountJwts accounts;
  for (const Account account : kAccounts) {
    accounts[static_cast<std::size_t>(account)] =
        account_jwt(keys, account, {.issued_at_s = issued_at_s});
  }
  return broker_config(keys, options, issued_at_s, accounts);
}

// The resolver keeps the accounts beside JetStream's files. Of a preloaded and a kept JWT the one
// issued later counts, so that a broker that restarts by itself forgets no revocation.
std::string broker_config(const Keyring& keys, const BrokerOptions& options,
                          std::uint64_t issued_at_s, const AccountJwts& accounts) {
  std::string text =
      "# Made by Estop from its keys and options. Edits are lost at the next start.\n";
  text += "server_name: estop\nhost: \"127.0.0.1\"\n";
  text += fmt::format("port: {}\n", options.port);
  text += monitor_line(options.monitor_port);
  text += optional_line("ports_file_dir", options.ports_folder);
  text += optional_line("log_file", options.log_file);
  text += fmt::format("max_payload: {}\nmax_control_line: {}\nmax_pending: {}\n",
                      schemas::kBrokerPayloadMax_bytes, kControlLineMax_bytes, kPendingMax_bytes);
  text += fmt::format("write_deadline: \"{}s\"\nping_interval: \"{}s\"\nping_max: {}\n",
                      kWriteDeadline_s, kPing_s, kPingsMax);
  text += fmt::format("authorization {{ timeout: {} }}\n", kAuthTimeout_s);
  text += fmt::format("max_connections: {}\n", options.connections_max > 0 ? options.connections_max
                                                                           : kBrokerConnectionsMax);
  text += fmt::format("jetstream {{ store_dir: {}, max_mem: {}, max_file: {} }}\n",
                      in_quotes(options.store_folder), kStoreMax_bytes, kStoreMax_bytes);
  text += fmt::format("operator: {}\n", in_quotes(operator_jwt(keys, issued_at_s)));
  text += fmt::format("system_account: {}\n", keys.sys_account.public_text());
  text +=
      fmt::format("resolver {{ type: full, dir: {}, allow_delete: false, interval: \"{}s\" }}\n",
                  in_quotes(options.store_folder + "/accounts"), kResolverSync_s);
  text += "resolver_preload {\n" + preloaded_accounts(keys, accounts);
  return text + "}\n";
}

std::string make_creds(const Keyring& keys, const Role& role, Account account,
                       const schemas::Subjects& subjects, std::uint64_t issued_at_s) {
  const auto allowed = permissions(role, account, subjects);
  if (!allowed) return {};
  return creds_text(SigningKey::generate(KeyRole::kUser), keys, role, account, *allowed,
                    issued_at_s);
}

std::string creds_text(const SigningKey& user, const Keyring& keys, const Role& role,
                       Account account, const Permissions& allowed, std::uint64_t issued_at_s) {
  return fmt::format(
      "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n"
      "Keep this file secret: it is the identity of {}.\n\n"
      "-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
      user_jwt(keys, account, user.public_text(), name(role), allowed, issued_at_s), name(role),
      user.seed_text());
}

}  // namespace estop::control
