// estop-control: takes orders, writes the control log, knows who obeyed.
#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/url.h"
#include "broker-bridge/ops/command_line.h"
#include "broker-bridge/ops/http.h"
#include "broker-bridge/ops/log.h"
#include "broker-bridge/ops/signals.h"
#include "control/app/config.h"
#include "control/app/control_shell.h"
#include "control/app/status_pages.h"

namespace {

namespace control = estop::control;
namespace nats = estop::nats;
namespace ops = estop::ops;

// kStartAgain: the log is not what this process thought; a start anew reads it again.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kNoContact = 5, kStartAgain = 75 };

void add_options(ops::CommandLine& line, control::ControlConfig& config, bool& check_only) {
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
  line.option("--prefix", config.prefix, "first token of every subject");
  line.option("--bridge-beat-ms", config.bridge_beat_ms, "time between leases");
  line.option("--bridge-lease-ms", config.bridge_lease_ms, "as the bridges have it");
  line.option("--agent-beat-ms", config.agent_beat_ms, "told to agents");
  line.option("--agent-lease-ms", config.agent_lease_ms, "told to agents");
  line.option("--sharing-grace-ms", config.sharing_grace_ms,
              "alarm when a credential is used twice for so long");
  line.option("--log-format", config.log_format, "auto, json or text");
  line.option("--ready-file", config.ready_file, "gets the chosen port of --listen");
  line.flag("--check-config", check_only, "check the configuration and the key, then end");
}

int complain(Exit code, const estop::schemas::Error& error) {
  std::fprintf(stderr, "estop-control: %s\n", to_string(error).c_str());
  return code;
}

int run(const control::ControlConfig& config, control::ControlIdentity identity) {
  boost::asio::io_context loop(1);
  int exit_code = kOk;
  auto recorder = control::Recorder::open({.folder = identity.recorder_folder});
  if (!recorder) return complain(kFailed, recorder.error());
  control::ControlMetrics metrics;
  const ops::StatusServer::Options listen{identity.host, identity.port};
  control::ControlShell shell(loop, config, std::move(identity), std::move(*recorder), metrics,
                              [&](bool broken, const std::string& cause) {
                                ops::log_error("stopped", {{"cause", cause}});
                                exit_code = broken ? kStartAgain : kNoContact;
                                loop.stop();
                              });
  auto server = ops::StatusServer::start(loop, listen, control::status_pages(shell, metrics));
  if (!server) return complain(kFailed, server.error());
  const ops::Signals signals(loop, [&](int) { loop.stop(); });
  if (auto started = shell.start(); !started) return complain(kFailed, started.error());
  if (!config.ready_file.empty()) {
    auto written = control::write_ready_file(config.ready_file, (*server)->port());
    if (!written) return complain(kFailed, written.error());
  }
  ops::log_info("started", {{"url", nats::redacted(config.url)}, {"http", (*server)->port()}});
  loop.run();
  shell.leave();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  control::ControlConfig config;
  bool check_only = false;
  ops::CommandLine line("Estop's control: takes orders, keeps the control log, knows who obeyed");
  add_options(line, config, check_only);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  auto identity = control::load(config);
  if (!identity) return complain(kUsage, identity.error());
  if (check_only) return kOk;
  const auto format = *ops::parse_log_format(config.log_format);
  ops::start_log({"estop-control", ops::LogLevel::kInfo, format});
  return run(config, std::move(*identity));
}
