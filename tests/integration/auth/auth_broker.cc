// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/auth/auth_broker.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "control/auth/accounts.h"
#include "control/auth/claims.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

using control::Account;
using control::Permissions;
using control::Role;
using schemas::Address;
using schemas::KeyRole;
using schemas::Segment;
using schemas::SigningKey;
using schemas::Subjects;

constexpr std::uint64_t kIssuedAt_s = 1'700'000'000;

int port_in(const nlohmann::json& ports, const char* kind) {
  const std::string url = ports.at(kind).at(0).get<std::string>();
  return std::stoi(url.substr(url.rfind(':') + 1));
}

RawNats logged_in(int port, const std::string& creds) {
  auto client = RawNats::connect(port, creds);
  if (!client) throw std::runtime_error(schemas::to_string(client.error()));
  return std::move(*client);
}

}  // namespace

AuthBroker::AuthBroker() {
  control::BrokerOptions options;
  options.store_folder = folder_.file("store");
  options.port = -1;
  options.ports_folder = folder_.path().string();
  options.monitor_port = -1;
  write_text(folder_.file("broker.conf"), control::broker_config(keys_, options, kIssuedAt_s));
  start();
}

void AuthBroker::stop() {
  process_.terminate(kPatience);
  port_ = 0;
}

void AuthBroker::start() {
  daemon::SpawnOptions spawn;
  spawn.command = {"nats-server", "--config", folder_.file("broker.conf")};
  spawn.log_file = folder_.file("broker.log");
  auto child = daemon::ChildProcess::spawn(spawn);
  if (!child) throw std::runtime_error(schemas::to_string(child.error()));
  process_ = std::move(*child);
  const bool ready = wait_until([this] { return !process_.running() || read_ports(); });
  if (!ready || port_ == 0) throw std::runtime_error("no broker: " + log());
}

bool AuthBroker::read_ports() {
  const auto name = "nats-server_" + std::to_string(process_.pid()) + ".ports";
  const auto ports = nlohmann::json::parse(read_text(folder_.file(name)), nullptr, false);
  if (!ports.is_object()) return false;
  port_ = port_in(ports, "nats");
  monitor_port_ = port_in(ports, "monitoring");
  return true;
}

std::string AuthBroker::log() const {
  return read_text(folder_.file("broker.log"));
}

std::string AuthBroker::creds(const Role& role, Account account) const {
  return control::make_creds(keys_, role, account, Subjects::standard(), kIssuedAt_s);
}

RawNats AuthBroker::user(const Role& role, Account account) const {
  return logged_in(port_, creds(role, account));
}

std::string AuthBroker::creds_with(const Permissions& allowed, Account account) const {
  return control::creds_text(SigningKey::generate(KeyRole::kUser), keys_, control::ControlRole{},
                             account, allowed, kIssuedAt_s);
}

RawNats AuthBroker::witness(Account account) const {
  RawNats client = logged_in(port_, creds_with({{">"}, {">"}}, account));
  client.subscribe(">", 1);
  if (!client.sync().errors.empty()) throw std::runtime_error("the witness may not listen");
  return client;
}

std::string AuthBroker::agents_jwt(const std::string& creds, std::uint64_t later_s) const {
  control::AccountClaims claims{.issued_at_s = kIssuedAt_s + later_s};
  if (!creds.empty()) {
    claims.revoked[schemas::key_from_creds(creds)->public_text()] = kIssuedAt_s;
  }
  return control::account_jwt(keys_, Account::kAgents, claims);
}

Role mallory() {
  return control::AgentRole{*Address::parse("acme/prod/mallory")};
}
Role mailer() {
  return control::AgentRole{*Address::parse("acme/prod/mailer")};
}
Role bridge() {
  return control::BridgeRole{*Segment::parse("b1")};
}
Role operator_() {
  return control::OperatorRole{*Segment::parse("alice")};
}
Role viewer() {
  return control::ViewerRole{*Segment::parse("bob")};
}

}  // namespace estop::testing
