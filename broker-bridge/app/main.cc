// SPDX-License-Identifier: Apache-2.0

// estop-bridge: every intent passes here, or does not.
#include <malloc.h>

#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>

#include "broker-bridge/app/bridge_metrics.h"
#include "broker-bridge/app/bridge_shell.h"
#include "broker-bridge/app/config.h"
#include "broker-bridge/app/flags.h"
#include "broker-bridge/app/status_pages.h"
#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/command_line.h"
#include "broker-bridge/daemon/listener.h"
#include "broker-bridge/daemon/log.h"
#include "broker-bridge/daemon/probe.h"
#include "broker-bridge/daemon/signals.h"
#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/url.h"

namespace {

namespace bridge = estop::bridge;
namespace daemon = estop::daemon;
using estop::schemas::Errc;
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kNoContact = 5 };

int complain(Exit code, const estop::schemas::Error& error) {
  std::fprintf(stderr, "estop-bridge: %s\n", to_string(error).c_str());
  return code;
}

// Messages come and go by the thousand: giving their pages back after each batch, as the allocator
// does by default, costs a page fault for each of them in the next one.
void keep_freed_memory() {
  constexpr int kKept_bytes = 16 * 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, kKept_bytes);
  mallopt(M_TOP_PAD, kKept_bytes / 16);
}

int run(const bridge::BridgeConfig& config, bridge::BridgeIdentity identity) {
  boost::asio::io_context loop(1);
  int exit_code = kOk;
  daemon::ReadyFile ready(config.ready_file);
  bridge::BridgeMetrics metrics;
  const auto listen = identity.listen;
  estop::nats::AsioLoop on_loop(loop);
  bridge::BridgeShell shell(on_loop, config, std::move(identity), metrics,
                            {[&] { loop.stop(); },
                             [&](const std::string& cause) {
                               daemon::log_error("closed-for-good", {{"cause", cause}});
                               exit_code = kNoContact;
                               loop.stop();
                             }});
  auto listener = daemon::Listener::start(loop, listen, bridge::status_pages(shell, metrics));
  if (!listener) return complain(kFailed, listener.error());
  int asked = 0;
  const daemon::Signals signals(
      loop, [&](int) { asked++ == 0 ? shell.leave() : loop.stop(); },
      [&] { (*listener)->reload_tls(); });
  if (auto started = shell.start(); !started) return complain(kNoContact, started.error());
  const auto port = (*listener)->port();
  if (auto written = ready.write(port); !written) return complain(kFailed, written.error());
  const std::string url = estop::nats::redacted(config.url);
  daemon::log_info("started", {{"id", config.id}, {"url", url}, {"http", port}});
  loop.run();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  daemon::ignore_stray_signals();
  keep_freed_memory();
  bridge::BridgeConfig config;
  daemon::Instead instead;
  daemon::CommandLine line(
      "Estop's chokepoint: forwards intents, and refuses those of who is under a kill");
  bridge::add_options(line, config, instead);
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;
  if (!instead.healthcheck.empty()) {
    return daemon::healthcheck("estop-bridge", instead.healthcheck, config.listen_tls.cert);
  }
  auto identity = bridge::load(config);
  if (!identity) return complain(kUsage, identity.error());
  if (auto may = bridge::check_surroundings(config); !may) {
    return complain(may.error().code == Errc::kBadArgument ? kUsage : kFailed, may.error());
  }
  if (instead.check_config) return kOk;
  if (auto opened = daemon::open_log_file(config.log_file); !opened) {
    return complain(kUsage, opened.error());
  }
  daemon::start_log(
      {"estop-bridge", daemon::LogLevel::kInfo, *daemon::parse_log_format(config.log_format)});
  return run(config, std::move(*identity));
}
