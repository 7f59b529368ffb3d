// SPDX-License-Identifier: Apache-2.0

// The configuration of estop-control: a struct with defaults, checked before anything else happens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker-bridge/daemon/listener.h"
#include "control/core/access/clients.h"
#include "control/core/log/snapshots.h"
#include "schemas/limits.h"
#include "schemas/result.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::control {

inline constexpr std::string_view kSecondForResume = "resume";
inline constexpr std::string_view kSecondForFleetKill = "fleet-kill";

struct ControlConfig {
  std::string data;  // the data folder: keys/, creds/, control/ (the recorder's, locked by it)
  std::string url = "nats://127.0.0.1:4222";
  std::string tls_ca;  // PEM file: whose certificate the broker must have; empty: no TLS asked for
  std::string agents_creds;   // empty: <data>/creds/control-agents.creds
  std::string control_creds;  // empty: <data>/creds/control-control.creds
  std::string log_key;        // file with the seed that signs the log; empty: <data>/keys/log.seed
  std::string listen = "127.0.0.1:0";  // /metrics, /livez, /readyz; port 0: any free one; [::1]:0
  daemon::TlsFiles listen_tls;         // not given: plain HTTP
  bool listen_plain = false;           // also beyond the loopback
  std::uint32_t bridge_beat_ms = schemas::kBridgeBeat_ms;
  std::uint32_t bridge_lease_ms = schemas::kBridgeLease_ms;
  std::uint32_t agent_beat_ms = schemas::kAgentBeat_ms;
  std::uint32_t agent_lease_ms = schemas::kAgentLease_ms;
  bool takes_unsigned = false;               // resumes and revocations of clients that cannot sign
  std::vector<std::string> second_operator;  // kSecondForResume, kSecondForFleetKill
  // How long a credential may have more connections than it should before that is an alarm: longer
  // than the broker keeps a broken one. Two beats of an agent at least, whatever stands here.
  std::uint32_t sharing_grace_ms = kSharingGrace_ms;
  // An agent's credential with so many connections beyond its instances, for longer than that, is
  // withdrawn. 0: never.
  std::uint32_t revoke_silent = 0;
  // Records of the control log from one snapshot to the next.
  std::uint32_t snapshot_every = kSnapshotEvery_records;
  std::string log_format = "auto";  // auto, json, text
  std::string log_file;             // in place of standard error; SIGHUP opens it again
  std::string ready_file;           // written with the chosen port once it listens; empty: none
};

struct BrokerAccount {
  std::string name;  // AGENTS
  schemas::PublicKey key{};
};

// What load() makes of it.
struct ControlIdentity {
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::SigningKey log_key;
  schemas::PublicKey operators_key{};  // of the account that issued its credentials, and operators'
  std::string agents_creds;            // paths
  std::string control_creds;
  std::string sys_creds;  // empty: there is none, and no credential can be revoked from here
  std::vector<BrokerAccount> accounts;  // of its credentials
  std::string recorder_folder;
  daemon::ListenOptions listen;
};

// Pure: names, ranges and how they relate. The detail says which option is wrong and what it may
// be.
[[nodiscard]] schemas::Result<void> validate(const ControlConfig& config);
// validate(), then reads the key and looks for the credentials. Needs no network.
[[nodiscard]] schemas::Result<ControlIdentity> load(const ControlConfig& config);
// What else would keep it from starting: files that it cannot write (kBadArgument), a data folder
// that is not its own or in use (kStoreUnavailable), a port that is taken (kNoContact). Changes
// nothing.
[[nodiscard]] schemas::Result<void> check_surroundings(const ControlConfig& config);

}  // namespace estop::control
