// estop-control: takes orders, writes the control log, knows who obeyed.
#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>

#include "broker-bridge/ops/http.h"
#include "broker-bridge/ops/log.h"
#include "broker-bridge/ops/signals.h"
#include "control/app/config.h"
#include "control/app/control_shell.h"
#include "control/app/status_pages.h"

namespace {

namespace control = estop::control;
namespace ops = estop::ops;

// kStartAgain: the log is not what this process thought; a start anew reads it again.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kNoContact = 5, kStartAgain = 75 };

void add_options(CLI::App& app, control::ControlConfig& config, bool& check_only) {
  app.set_version_flag("--version", "estop-control " ESTOP_VERSION);
  app.add_option("--data", config.data, "data folder: keys/, creds/, control/");
  app.add_option("--url", config.url, "broker, several with commas")->capture_default_str();
  app.add_option("--tls-ca", config.tls_ca, "TLS only, to a broker certified by this PEM file");
  app.add_option("--agents-creds", config.agents_creds, ".creds file for the AGENTS account");
  app.add_option("--control-creds", config.control_creds, ".creds file for the CONTROL account");
  app.add_option("--log-key", config.log_key, "file with the seed that signs the control log");
  app.add_flag("--unsigned-orders", config.takes_unsigned,
               "obey resumes and revocations that are not signed, too");
  app.add_option("--second-operator", config.second_operator,
                 "what waits for a second operator: resume, fleet-kill")
      ->delimiter(',');
  app.option_defaults()->always_capture_default();
  app.add_option("--listen", config.listen, "for /metrics /livez /readyz");
  app.add_option("--prefix", config.prefix, "first token of every subject");
  app.add_option("--bridge-beat-ms", config.bridge_beat_ms, "time between leases");
  app.add_option("--bridge-lease-ms", config.bridge_lease_ms, "as the bridges have it");
  app.add_option("--agent-beat-ms", config.agent_beat_ms, "told to agents");
  app.add_option("--agent-lease-ms", config.agent_lease_ms, "told to agents");
  app.add_option("--sharing-grace-ms", config.sharing_grace_ms,
                 "alarm when a credential is used twice for so long");
  app.add_option("--log-format", config.log_format, "auto, json or text");
  app.add_option("--ready-file", config.ready_file, "gets the chosen port of --listen");
  app.add_flag("--check-config", check_only, "check the configuration and the key, then end");
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
  ops::log_info("started", {{"url", config.url}, {"http", (*server)->port()}});
  loop.run();
  shell.leave();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  control::ControlConfig config;
  bool check_only = false;
  CLI::App app("Estop's control: takes orders, keeps the control log, knows who obeyed");
  add_options(app, config, check_only);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  auto identity = control::load(config);
  if (!identity) return complain(kUsage, identity.error());
  if (check_only) return kOk;
  const auto format = *ops::parse_log_format(config.log_format);
  ops::start_log({"estop-control", ops::LogLevel::kInfo, format});
  return run(config, std::move(*identity));
}
