// Who may do what at the broker: from a role to allow-lists, and from allow-lists to NATS credentials.
//
// `permissions` is the one place that says which subjects a role may use (design §5); everything else here only packs that
// into NATS JWTs (decentralised auth: operator, account, user) and the server's configuration. Pure except for the file
// functions at the end. Sources: NATS JWT v2 claims, ADR-14.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/result.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::control {

enum class Account : std::uint8_t { kAgents, kControl, kSys };

struct AgentRole { schemas::Address address; };
struct BridgeRole { schemas::Segment id; };     // one user in each of AGENTS and CONTROL
struct ControlRole {};                          // one user in each of AGENTS, CONTROL and SYS
struct OperatorRole { schemas::Segment name; };
struct ViewerRole { schemas::Segment name; };   // ps, get, watch, audit; no kill, no resume
using Role = std::variant<AgentRole, BridgeRole, ControlRole, OperatorRole, ViewerRole>;

// Allow-lists only; an empty list is never produced (the broker reads an absent list as "everything").
struct Permissions {
  std::vector<std::string> publish;
  std::vector<std::string> subscribe;
  friend bool operator==(const Permissions&, const Permissions&) = default;
};

// What a role may do in an account; nullopt: it has no user there.
[[nodiscard]] std::optional<Permissions> permissions(const Role& role, Account account,
                                                     const schemas::Subjects& subjects);

// The keys of one Estop: operator and three accounts. Made once, kept in files of mode 0600.
struct Keyring {
  schemas::SigningKey operator_key;
  schemas::SigningKey agents_account;
  schemas::SigningKey control_account;
  schemas::SigningKey sys_account;
  [[nodiscard]] static Keyring generate();
};

struct BrokerOptions {
  std::string store_folder;     // JetStream's files
  int port = 4222;              // -1: any free one
  std::string ports_folder;     // where the broker writes the ports it chose; empty: nowhere
  std::string log_file;         // empty: standard error
  int monitor_port = 0;         // loopback; 0: off, -1: any free one
};

// The whole configuration text of a nats-server (2.9.10 and 2.10): loopback only, operator mode, accounts preloaded, no
// anonymous user, JetStream for CONTROL alone. `issued_at_s` goes into the JWTs (seconds since 1970).
[[nodiscard]] std::string broker_config(const Keyring& keys, const BrokerOptions& options,
                                        std::uint64_t issued_at_s);

// The text of a .creds file: a new user key and its JWT. Any NATS client takes it.
[[nodiscard]] std::string make_creds(const Keyring& keys, const Role& role, Account account,
                                     const schemas::Subjects& subjects, std::uint64_t issued_at_s);

// --- Files of a data folder -------------------------------------------------------------------------------------------------
// <folder>/keys/{operator,agents,control,sys}.seed, <folder>/keys/log.seed (signs the control log) and log.pub, and
// <folder>/creds/*.creds: `control-agents`, `control-control`, `control-sys`, `bridge-<id>-agents`, `bridge-<id>-control`,
// `operator-<name>`, `viewer-<name>`, `agent-<org>.<workspace>.<name>`. All 0600 in 0700 folders, written whole or not at all.

// Loads the keyring and log key, or makes them on first use. kStoreUnavailable names the file and the cause (wrong mode, half
// written, not ours): existing keys are never overwritten.
[[nodiscard]] schemas::Result<Keyring> open_keyring(const std::string& folder);
[[nodiscard]] schemas::Result<schemas::SigningKey> open_log_key(const std::string& folder);
// Path of the role's .creds file, made if missing; the parts that connect twice get one path per account.
[[nodiscard]] schemas::Result<std::string> open_creds(const std::string& folder, const Keyring& keys,
                                                      const Role& role, Account account,
                                                      const schemas::Subjects& subjects,
                                                      std::uint64_t issued_at_s);

// Refuses a broker configuration or JWT payload that has a deny list, lacks a list, allows responses or has an anonymous
// user. kNotPermitted names what and why.
[[nodiscard]] schemas::Result<void> lint_permissions(const Permissions& permissions);

}  // namespace estop::control
