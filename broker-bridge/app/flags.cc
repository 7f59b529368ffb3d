// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/app/flags.h"

#include "broker-bridge/daemon/signals.h"

namespace estop::bridge {

void add_options(daemon::CommandLine& line, BridgeConfig& config, daemon::Instead& instead) {
  line.version("estop-bridge " ESTOP_VERSION);
  line.option("--id", config.id, "name of this bridge");
  line.option("--url", config.url, "broker, several with commas");
  line.option("--tls-ca", config.tls_ca, "TLS only, to a broker certified by this PEM file");
  line.option("--agents-creds", config.agents_creds, ".creds file for the AGENTS account");
  line.option("--control-creds", config.control_creds, ".creds file for the CONTROL account");
  line.option("--control-key", config.control_key, "public key of the log: file or text");
  line.option("--listen", config.listen, "for /metrics /livez /readyz");
  line.option("--listen-cert", config.listen_tls.cert, "HTTPS there, with this chain of PEM");
  line.option("--listen-key", config.listen_tls.key, "the key of --listen-cert");
  line.flag("--listen-plain", config.listen_plain, "plain HTTP there, also beyond the loopback");
  line.option("--bridge-beat-ms", config.beat_ms, "time between beats");
  line.option("--bridge-lease-ms", config.lease_ms, "as control has it");
  line.flag("--no-fleet-orders", config.no_fleet_orders, "kills of '*' only from control");
  line.option("--log-format", config.log_format, "auto, json or text");
  line.option("--log-file", config.log_file, "in place of standard error");
  line.option("--ready-file", config.ready_file, "gets the chosen port of --listen");
  line.instead(instead);
  line.footer(daemon::kSignalsHelp);
}

}  // namespace estop::bridge
