// SPDX-License-Identifier: Apache-2.0

// The configuration of estop-bridge: a struct with defaults, checked before anything else happens.
#pragma once

#include <cstdint>
#include <string>

#include "broker-bridge/daemon/listener.h"
#include "schemas/limits.h"
#include "schemas/result.h"
#include "schemas/signing.h"
#include "schemas/subjects.h"

namespace estop::bridge {

struct BridgeConfig {
  std::string id = "b1";  // unique among the bridges of one Estop
  std::string url = "nats://127.0.0.1:4222";
  std::string tls_ca;  // PEM file: whose certificate the broker must have; empty: no TLS asked for
  std::string agents_creds;   // path of the .creds file for the AGENTS account
  std::string control_creds;  // the same for CONTROL; its key signs the receipts
  std::string control_key;    // public key of the control log: a file (log.pub) or its text
  std::string listen = "127.0.0.1:0";  // /metrics, /livez, /readyz; port 0: any free one; [::1]:0
  daemon::TlsFiles listen_tls;         // not given: plain HTTP
  bool listen_plain = false;           // also beyond the loopback
  std::uint32_t beat_ms = schemas::kBridgeBeat_ms;
  std::uint32_t lease_ms = schemas::kBridgeLease_ms;
  bool no_fleet_orders = false;     // as control's --second-operator fleet-kill
  std::string log_format = "auto";  // auto, json, text
  std::string log_file;             // in place of standard error; SIGHUP opens it again
  std::string ready_file;           // written with the chosen port once it listens; empty: none
};

// What validate() and the files make of it.
struct BridgeIdentity {
  schemas::Segment id;
  schemas::Subjects subjects = schemas::Subjects::standard();
  schemas::SigningKey own_key;
  schemas::PublicKey control_key{};
  schemas::PublicKey operators_key{};  // of the account that issued its credentials, and operators'
  daemon::ListenOptions listen;
};

// Pure: names, ranges and how they relate. The detail says which option is wrong and what it may
// be.
[[nodiscard]] schemas::Result<void> validate(const BridgeConfig& config);
// validate(), then reads the keys. Needs no network.
[[nodiscard]] schemas::Result<BridgeIdentity> load(const BridgeConfig& config);
// What else would keep it from starting: files that it cannot write (kBadArgument), a port that is
// taken (kNoContact). Changes nothing.
[[nodiscard]] schemas::Result<void> check_surroundings(const BridgeConfig& config);

}  // namespace estop::bridge
