// SPDX-License-Identifier: Apache-2.0

// estop-control: takes orders, writes the control log, knows who obeyed.
#include <chrono>
#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/command_line.h"
#include "broker-bridge/daemon/listener.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/daemon/probe.h"
#include "broker-bridge/daemon/process.h"
#include "broker-bridge/daemon/signals.h"
#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/url.h"
#include "control/app/config.h"
#include "control/app/control_shell.h"
#include "control/app/flags.h"
#include "control/app/status_pages.h"

namespace {

namespace control = estop::control;
namespace daemon = estop::daemon;
namespace nats = estop::nats;
using estop::schemas::Errc;

// kStartAgain: the log is not what this process thought; a start anew reads it again.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kNoContact = 5, kStartAgain = 75 };
constexpr std::chrono::milliseconds kLeave_ms{250};  // for HTTP requests that are under way

int complain(Exit code, const estop::schemas::Error& error) {
  std::fprintf(stderr, "estop-control: %s\n", to_string(error).c_str());
  return code;
}

int run(const control::ControlConfig& config, control::ControlIdentity identity) {
  daemon::raise_descriptor_limit();
  boost::asio::io_context loop(1);
  int exit_code = kOk;
  daemon::ReadyFile ready(config.ready_file);
  auto recorder = control::Recorder::open({.folder = identity.recorder_folder});
  if (!recorder) return complain(kFailed, recorder.error());
  control::ControlMetrics metrics;
  const auto listen = identity.listen;
  nats::AsioLoop on_loop(loop);
  control::ControlShell shell(on_loop, config, std::move(identity), std::move(*recorder), metrics,
                              [&](bool broken, const std::string& cause) {
                                daemon::log_error("stopped", {{"cause", cause}});
                                exit_code = broken ? kStartAgain : kNoContact;
                                loop.stop();
                              });
  auto listener = daemon::Listener::start(loop, listen, control::status_pages(shell, metrics));
  if (!listener) return complain(kFailed, listener.error());
  const auto port = (*listener)->port();
  int asked = 0;
  const daemon::Signals signals(
      loop,
      [&](int) {
        if (asked++ > 0) return loop.stop();
        (*listener)->leave(kLeave_ms, [&] { loop.stop(); });
      },
      [&] { (*listener)->reload_tls(); });
  if (auto started = shell.start(); !started) return complain(kFailed, started.error());
  if (auto written = ready.write(port); !written) return complain(kFailed, written.error());
  daemon::log_info("started", {{"url", nats::redacted(config.url)}, {"http", port}});
  loop.run();
  shell.leave();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  daemon::ignore_stray_signals();
  control::ControlConfig config;
  daemon::Instead instead;
  daemon::CommandLine line(
      "Estop's control: takes orders, keeps the control log, knows who obeyed");
  control::add_options(line, config, instead);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  if (!instead.healthcheck.empty()) {
    return daemon::healthcheck("estop-control", instead.healthcheck, config.listen_tls.cert);
  }
  auto identity = control::load(config);
  if (!identity) return complain(kUsage, identity.error());
  if (auto may = control::check_surroundings(config); !may) {
    return complain(may.error().code == Errc::kBadArgument ? kUsage : kFailed, may.error());
  }
  if (instead.check_config) return kOk;
  if (auto opened = daemon::open_log_file(config.log_file); !opened) {
    return complain(kUsage, opened.error());
  }
  const auto format = *daemon::parse_log_format(config.log_format);
  daemon::start_log({"estop-control", daemon::LogLevel::kInfo, format});
  return run(config, std::move(*identity));
}
