// SPDX-License-Identifier: Apache-2.0
#include "control/app/broker_links.h"

#include <utility>

#include "broker-bridge/daemon/log.h"

namespace estop::control {

namespace {

constexpr std::size_t kServiceRead_bytes = 8 * 1024;  // some forty hellos

schemas::Subject own_inbox(const ControlIdentity& who) {
  return who.subjects.own_inbox(*schemas::Segment::parse("control"));
}

nats::ConnectOptions connect_options(const ControlConfig& config, const std::string& creds) {
  nats::ConnectOptions options;
  options.url = config.url;
  options.name = "estop-control";
  options.creds_file = creds;
  options.tls_ca_file = config.tls_ca;
  options.unanswered_pings_max = nats::kUnansweredPingsMax;
  return options;
}

// A flood is read in small pieces, between which orders and receipts are.
nats::ConnectOptions service_options(const ControlConfig& config, const ControlIdentity& who) {
  nats::ConnectOptions options = connect_options(config, who.agents_creds);
  options.read_bytes = kServiceRead_bytes;
  return options;
}

// `changed` may be empty.
nats::ConnectionEvents watched(const char* account, const BrokerLinks::Told& told,
                               std::function<void(bool up)> changed, const char* use = "orders") {
  nats::ConnectionEvents events;
  events.connected = [account, use, changed] {
    daemon::log_info("connected", {{"account", account}, {"use", use}});
    if (changed) changed(true);
  };
  events.disconnected = [account, use, changed](const std::string& reason) {
    daemon::log_warn("disconnected", {{"account", account}, {"use", use}, {"reason", reason}});
    if (changed) changed(false);
  };
  events.closed = [account, given_up = told.given_up](const std::string& reason) {
    given_up(std::string(account) + ": " + reason);
  };
  events.error = [account](const std::string& text) {
    daemon::log_warn("broker-error", {{"account", account}, {"text", text}});
  };
  return events;
}

}  // namespace

BrokerLinks::BrokerLinks(nats::Loop& loop, const ControlConfig& config, const ControlIdentity& who,
                         const Told& told)
    : control(loop, connect_options(config, who.control_creds), own_inbox(who),
              watched("CONTROL", told, told.control)),
      log(loop, connect_options(config, who.control_creds), own_inbox(who),
          watched("CONTROL", told, {}, "log")),
      agents(loop, connect_options(config, who.agents_creds), own_inbox(who),
             watched("AGENTS", told, {})),
      service(loop, service_options(config, who), own_inbox(who),
              watched("AGENTS", told, {}, "service")) {
  if (who.sys_creds.empty()) return;
  sys.emplace(loop, connect_options(config, who.sys_creds), own_inbox(who),
              watched("SYS", told, [came = told.sys](bool up) {
                if (up) came();
              }));
}

schemas::Result<void> BrokerLinks::connect() {
  if (auto connected = control.connect(true); !connected) return connected;
  for (nats::Connection* one : {&log, &agents, &service}) {
    if (auto connected = one->connect(true); !connected) return connected;
  }
  return sys ? sys->connect(true) : schemas::Result<void>{};
}

void BrokerLinks::close() {
  control.close();
  log.close();
  agents.close();
  service.close();
  if (sys) sys->close();
}

}  // namespace estop::control
