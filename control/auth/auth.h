// SPDX-License-Identifier: Apache-2.0

// The rights at the broker: from a role to allow-lists, and from allow-lists to credentials.
//
// Only `permissions` decides which subjects a role may use; everything else here packs that into
// NATS JWTs (decentralised auth: operator, account, user) and the server's configuration. Pure
// except for the file functions at the end. Any thread may call anything. Sources: NATS JWT v2
// claims, ADR-14.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/result.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::control {

enum class Account : std::uint8_t {
  kAgents,   // agents, bridges, control; without JetStream
  kControl,  // the control log: bridges, control, operators, viewers
  kSys,      // the broker's own account: control
};

[[nodiscard]] std::string_view name(Account account) noexcept;  // "AGENTS", "CONTROL", "SYS"

struct AgentRole {
  schemas::Address address;
};
struct BridgeRole {
  schemas::Segment id;
};                      // one user in each of AGENTS and CONTROL
struct ControlRole {};  // one user in each of AGENTS, CONTROL and SYS
struct OperatorRole {
  schemas::Segment name;
  bool is_admin = false;   // may also withdraw credentials
  schemas::Scope reach{};  // the scope of his orders; he may look at everything
};
struct ViewerRole {
  schemas::Segment name;
};  // ps, get, status, audit, verify; no kill, no resume
using Role = std::variant<AgentRole, BridgeRole, ControlRole, OperatorRole, ViewerRole>;

// Allow-lists only; an empty list is never made (the broker reads a missing list as "everything").
struct Permissions {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  friend bool operator==(const Permissions&, const Permissions&) = default;
};

// The permissions of a role in an account; nullopt: it has no user there. Bridges, operators and
// viewers named `control` get none: they would share an inbox with control itself.
[[nodiscard]] std::optional<Permissions> permissions(const Role& role, Account account,
                                                     const schemas::Subjects& subjects);

// Refuse what a broker would read as more than an allow-list. kNotPermitted names what and why.
//   permissions: an empty list, `>`, a wildcard among the first two tokens, `_INBOX`.
//   user JWT: besides, a list that is absent, a deny list, allowed responses (`resp`).
//   broker configuration: not in operator mode, users or permissions of its own, `no_auth_user`,
//   any listener or link but the one for clients (leafnodes, gateway, cluster, websocket, mqtt).
[[nodiscard]] schemas::Result<void> lint_permissions(const Permissions& permissions);
[[nodiscard]] schemas::Result<void> lint_user_jwt(std::string_view jwt);
[[nodiscard]] schemas::Result<void> lint_broker_config(std::string_view config);

// The keys of one Estop: operator and three accounts.
struct Keyring {
  schemas::SigningKey operator_key;
  schemas::SigningKey agents_account;
  schemas::SigningKey control_account;
  schemas::SigningKey sys_account;
  [[nodiscard]] static Keyring generate();
  [[nodiscard]] const schemas::SigningKey& account(Account account) const noexcept;
};

struct BrokerOptions {
  std::string store_folder;  // JetStream's files
  int port = 4222;           // -1: any free one
  std::string ports_folder;  // where the broker writes the ports it chose; empty: nowhere
  std::string log_file;      // empty: standard error
  int monitor_port = 0;      // loopback; 0: off, -1: any free one
  int connections_max = 0;   // 0: as many as Estop lets a broker take
};

// The whole configuration text of a nats-server (2.9.10 and 2.10): loopback only, operator mode,
// accounts preloaded, no anonymous user, JetStream for CONTROL alone. `issued_at_s` goes into the
// JWTs (seconds since 1970). The same arguments give the same text. It holds no secret.
[[nodiscard]] std::string broker_config(const Keyring& keys, const BrokerOptions& options,
                                        std::uint64_t issued_at_s);

// The text of a .creds file: a new user key and its JWT. Any NATS client takes it. Empty if the
// role has no user in the account.
[[nodiscard]] std::string make_creds(const Keyring& keys, const Role& role, Account account,
                                     const schemas::Subjects& subjects, std::uint64_t issued_at_s);

// --- Files of a data folder ---
// <folder>/keys/{operator,agents,control,sys}.seed, log.seed (signs the control log) and log.pub;
// <folder>/creds/*.creds: `control-{agents,control,sys}`, `bridge-<id>-{agents,control}`,
// `operator-<name>`, `viewer-<name>`, `agent-<org>.<workspace>.<name>`. All are 0600 in folders of
// 0700, written whole or not at all, and never overwritten by other keys. Every failure is
// kStoreUnavailable with the file, the cause (wrong mode, half written, not ours) and the way out.

// Loads the keyring or the log's key. Makes all keys together, on first use of either.
[[nodiscard]] schemas::Result<Keyring> open_keyring(const std::string& folder);
[[nodiscard]] schemas::Result<schemas::SigningKey> open_log_key(const std::string& folder);

// Path of the role's .creds file, made if missing; a role in several accounts gets a path for each.
// A file with outdated permissions is issued anew for the same user key. A name belongs to one
// bridge, operator or viewer: two of them would share an inbox (kBadArgument). A revoked one stays
// revoked: kUnauthenticated; issue_creds (credentials.h) replaces it.
[[nodiscard]] schemas::Result<std::string> open_creds(const std::string& folder,
                                                      const Keyring& keys, const Role& role,
                                                      Account account,
                                                      const schemas::Subjects& subjects,
                                                      std::uint64_t issued_at_s);

}  // namespace estop::control
