// SPDX-License-Identifier: Apache-2.0
#include "control/app/flags.h"

#include "broker-bridge/daemon/signals.h"

namespace estop::control {

void add_options(daemon::CommandLine& line, ControlConfig& config, daemon::Instead& instead) {
  line.version("estop-control " ESTOP_VERSION);
  line.option("--data", config.data, "data folder: keys/, creds/, control/");
  line.option("--url", config.url, "broker, several with commas");
  line.option("--tls-ca", config.tls_ca, "TLS only, to a broker certified by this PEM file");
  line.option("--agents-creds", config.agents_creds, ".creds file for the AGENTS account");
  line.option("--control-creds", config.control_creds, ".creds file for the CONTROL account");
  line.option("--log-key", config.log_key, "file with the seed that signs the control log");
  line.flag("--unsigned-orders", config.takes_unsigned,
            "obey resumes and revocations that are not signed, too");
  line.option("--second-operator", config.second_operator,
              "what waits for a second operator: resume, fleet-kill");
  line.option("--listen", config.listen, "for /metrics /livez /readyz");
  line.option("--listen-cert", config.listen_tls.cert, "HTTPS there, with this chain of PEM");
  line.option("--listen-key", config.listen_tls.key, "the key of --listen-cert");
  line.flag("--listen-plain", config.listen_plain, "plain HTTP there, also beyond the loopback");
  line.option("--bridge-beat-ms", config.bridge_beat_ms, "time between leases");
  line.option("--bridge-lease-ms", config.bridge_lease_ms, "as the bridges have it");
  line.option("--agent-beat-ms", config.agent_beat_ms, "told to agents");
  line.option("--agent-lease-ms", config.agent_lease_ms, "told to agents");
  line.option("--sharing-grace-ms", config.sharing_grace_ms,
              "alarm when a credential is used twice for so long");
  line.option("--snapshot-every", config.snapshot_every,
              "records of the control log from one snapshot to the next");
  line.option("--revoke-silent", config.revoke_silent,
              "withdraw an agent's credential with so many connections without a hello; 0: never");
  line.option("--log-format", config.log_format, "auto, json or text");
  line.option("--log-file", config.log_file, "in place of standard error");
  line.option("--ready-file", config.ready_file, "gets the chosen port of --listen");
  line.instead(instead);
  line.footer(daemon::kSignalsHelp);
}

}  // namespace estop::control
