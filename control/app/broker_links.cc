#include "control/app/broker_links.h"

#include <utility>

#include "broker-bridge/ops/log.h"

namespace estop::control {

namespace {

schemas::Subject own_inbox(const ControlIdentity& who) {
  return who.subjects.own_inbox(*schemas::Segment::parse("control"));
}

nats::ConnectOptions connect_options(const ControlConfig& config, const std::string& creds) {
  nats::ConnectOptions options;
  options.url = config.url;
  options.name = "estop-control";
  options.creds_file = creds;
  options.tls_ca_file = config.tls_ca;
  return options;
}

// `changed` may be empty.
nats::ConnectionEvents watched(const char* account, const BrokerLinks::Told& told,
                               std::function<void(bool up)> changed) {
  nats::ConnectionEvents events;
  events.connected = [account, changed] {
    ops::log_info("connected", {{"account", account}});
    if (changed) changed(true);
  };
  events.disconnected = [account, changed](const std::string& reason) {
    ops::log_warn("disconnected", {{"account", account}, {"reason", reason}});
    if (changed) changed(false);
  };
  events.closed = [account, given_up = told.given_up](const std::string& reason) {
    given_up(std::string(account) + ": " + reason);
  };
  events.error = [account](const std::string& text) {
    ops::log_warn("broker-error", {{"account", account}, {"text", text}});
  };
  return events;
}

}  // namespace

BrokerLinks::BrokerLinks(boost::asio::io_context& loop, const ControlConfig& config,
                         const ControlIdentity& who, const Told& told)
    : control(loop, connect_options(config, who.control_creds), own_inbox(who),
              watched("CONTROL", told, told.control)),
      agents(loop, connect_options(config, who.agents_creds), own_inbox(who),
             watched("AGENTS", told, {})) {
  if (who.sys_creds.empty()) return;
  sys.emplace(loop, connect_options(config, who.sys_creds), own_inbox(who),
              watched("SYS", told, [came = told.sys](bool up) {
                if (up) came();
              }));
}

schemas::Result<void> BrokerLinks::connect() {
  if (auto connected = control.connect(true); !connected) return connected;
  if (auto connected = agents.connect(true); !connected) return connected;
  return sys ? sys->connect(true) : schemas::Result<void>{};
}

void BrokerLinks::close() {
  control.close();
  agents.close();
  if (sys) sys->close();
}

}  // namespace estop::control
