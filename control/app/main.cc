// estop-control: takes orders, writes the control log, knows who obeyed.
#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>

#include "broker-bridge/nats/url.h"
#include "broker-bridge/ops/checks.h"
#include "broker-bridge/ops/command_line.h"
#include "broker-bridge/ops/http.h"
#include "broker-bridge/ops/log.h"
#include "broker-bridge/ops/process.h"
#include "broker-bridge/ops/signals.h"
#include "control/app/config.h"
#include "control/app/control_shell.h"
#include "control/app/flags.h"
#include "control/app/status_pages.h"

namespace {

namespace control = estop::control;
namespace nats = estop::nats;
namespace ops = estop::ops;
using estop::schemas::Errc;

// kStartAgain: the log is not what this process thought; a start anew reads it again.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kNoContact = 5, kStartAgain = 75 };

int complain(Exit code, const estop::schemas::Error& error) {
  std::fprintf(stderr, "estop-control: %s\n", to_string(error).c_str());
  return code;
}

int run(const control::ControlConfig& config, control::ControlIdentity identity) {
  ops::raise_descriptor_limit();
  boost::asio::io_context loop(1);
  int exit_code = kOk;
  ops::ReadyFile ready(config.ready_file);
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
  if (auto written = ready.write((*server)->port()); !written) {
    return complain(kFailed, written.error());
  }
  ops::log_info("started", {{"url", nats::redacted(config.url)}, {"http", (*server)->port()}});
  loop.run();
  shell.leave();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  ops::ignore_stray_signals();
  control::ControlConfig config;
  bool check_only = false;
  ops::CommandLine line("Estop's control: takes orders, keeps the control log, knows who obeyed");
  control::add_options(line, config, check_only);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  auto identity = control::load(config);
  if (!identity) return complain(kUsage, identity.error());
  if (auto may = control::check_surroundings(config); !may) {
    return complain(may.error().code == Errc::kBadArgument ? kUsage : kFailed, may.error());
  }
  if (check_only) return kOk;
  if (auto opened = ops::open_log_file(config.log_file); !opened) {
    return complain(kUsage, opened.error());
  }
  const auto format = *ops::parse_log_format(config.log_format);
  ops::start_log({"estop-control", ops::LogLevel::kInfo, format});
  return run(config, std::move(*identity));
}
