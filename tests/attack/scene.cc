// SPDX-License-Identifier: Apache-2.0
#include "tests/attack/scene.h"

#include <fmt/format.h>

#include <iostream>
#include <stdexcept>

#include "control/auth/claims.h"
#include "control/auth/credentials.h"

namespace estop::testing {
namespace {

using control::Account;
using control::Role;
using schemas::Subjects;

constexpr std::uint64_t kIssuedAt_s = 1'700'000'000;

RawNats logged_in(int port, const std::string& creds) {
  auto client = RawNats::connect(port, creds);
  if (!client) throw std::runtime_error(schemas::to_string(client.error()));
  return std::move(*client);
}

}  // namespace

std::string name_of(const Seat& seat) {
  return fmt::format("{} in {}", control::name(seat.role), control::name(seat.account));
}

control::Permissions lists_of(const Seat& seat) {
  return control::permissions(seat.role, seat.account, Subjects::standard()).value();
}

std::vector<Seat> hostile_seats() {
  const Role admin = control::OperatorRole{*schemas::Segment::parse("carol"), true};
  return {{mallory(), Account::kAgents}, {bridge(), Account::kAgents},
          {bridge(), Account::kControl}, {operator_(), Account::kControl},
          {admin, Account::kControl},    {viewer(), Account::kControl}};
}

std::vector<std::string> Canary::unexpected(const std::vector<std::string>& expected) {
  std::vector<std::string> found;
  for (const RawMessage& message : heard()) {
    if (!covered(message.subject, expected)) found.push_back(message.subject);
  }
  return found;
}

std::vector<std::string> usual_in(Account account) {
  switch (account) {
    case Account::kAgents:
      return {"estop.receipt.b1"};
    case Account::kControl:
      return {"estop.bridge.b1",
              "estop.lease",
              "estop.event.>",
              "estop.inbox.control.>",
              "estop.inbox.b1.>",
              "$JS.API.DIRECT.GET.CONTROL",
              "$JS.API.STREAM.INFO.CONTROL",
              "$JS.EVENT.>"};
    case Account::kSys:
      break;
  }
  return {"$SYS.>", "estop.inbox.control.>"};
}

std::vector<std::string> operator+(std::vector<std::string> some,
                                   const std::vector<std::string>& more) {
  some.insert(some.end(), more.begin(), more.end());
  return some;
}

Scene::Scene() {
  site.bridge_lease_ms = 5'000;  // a busy machine is no loss of contact: nobody joins anew
  site.start_control();
  if (!site.leads()) throw std::runtime_error("control does not lead: " + site.log("control"));
  site.start_bridge();
  if (!site.is_open()) throw std::runtime_error("no bridge: " + site.log("bridge"));
  const auto info =
      Json::parse(logged_in(site.broker->port(), creds({mallory(), Account::kAgents})).info());
  std::cout << "nats-server " << info.value("version", "?") << '\n';
}

std::string Scene::creds(const Seat& seat) const {
  return control::make_creds(site.keys, seat.role, seat.account, Subjects::standard(), kIssuedAt_s);
}

RawNats Scene::enter(const Seat& seat) const {
  return logged_in(site.broker->port(), creds(seat));
}

RawAgent Scene::agent(const Role& role, const std::string& instance) const {
  return {enter({role, Account::kAgents}), std::get<control::AgentRole>(role).address.tokens(),
          instance};
}

Canary Scene::canary(Account account) const {
  RawNats client = logged_in(
      site.broker->port(),
      control::creds_text(schemas::SigningKey::generate(schemas::KeyRole::kUser), site.keys,
                          control::ControlRole{}, account, {{">"}, {">"}}, kIssuedAt_s));
  client.subscribe(">", 1);
  if (!client.sync().errors.empty()) throw std::runtime_error("the canary may not listen");
  return Canary(std::move(client));
}

std::string Scene::ask(RawNats& client, const std::string& subject, const std::string& body) {
  const std::string reply = fmt::format("estop.inbox.control.attack{}", ++asked_);
  client.publish(subject, body, reply);
  while (const auto message = client.next_message()) {
    if (message->subject == reply) return message->data;
  }
  throw std::runtime_error("no answer on " + subject);
}

std::string Scene::state() {
  // Nobody looked at the operator's connection during the attack: it may have been given up.
  if (!site.answers()) throw std::runtime_error("control does not answer: " + site.log("control"));
  RawNats log = enter({control::ControlRole{}, Account::kControl});
  log.subscribe("estop.inbox.control.>", 1);
  const Json info = Json::parse(ask(log, "$JS.API.STREAM.INFO.CONTROL", ""));
  if (info.contains("error")) return info["error"].dump();
  const Json& stream = info.at("state");
  std::string records;
  for (std::uint64_t seq = 1; seq <= stream.at("last_seq").get<std::uint64_t>(); ++seq) {
    records += schemas::hex(schemas::sha256(
        ask(log, "$JS.API.DIRECT.GET.CONTROL", fmt::format(R"({{"seq":{}}})", seq))));
  }
  RawNats sys = enter({control::ControlRole{}, Account::kSys});
  sys.subscribe("estop.inbox.control.>", 1);
  std::string accounts;
  for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
    const std::string key = site.keys.account(account).public_text();
    accounts += ask(sys, Subjects::standard().sys_claims_lookup(key).str(), "");
  }
  return fmt::format(
      "{} messages {} first {} last {} consumers {} made {} hash {} accounts {} {}",
      info.at("config").dump(), stream.at("messages").dump(), stream.at("first_seq").dump(),
      stream.at("last_seq").dump(), stream.at("consumer_count").dump(), info.at("created").dump(),
      schemas::hex(schemas::sha256(records)), schemas::hex(schemas::sha256(accounts)),
      site.ask("status", Json::object()).answers.back().at("kills").dump());
}

std::string Scene::what_is_broken() {
  if (!site.control.running()) return "control ended: " + site.log("control");
  if (!site.bridge.running()) return "the bridge ended: " + site.log("bridge");
  if (!site.is_open()) return "the bridge is closed: " + site.log("bridge");
  RawAgent one = agent(mailer(), "p0s1t1ve");
  const schemas::HelloReply before = one.hello();
  if (before.code != schemas::Errc::kOk) return "no answer to a hello";
  if (one.intent(before.incarnation) != "delivered") return "an intent does not pass";
  if (site.kill("acme/prod/mailer", {{"wait", {"fenced", "durable"}}}).stage("fenced").is_null()) {
    return "a kill is not fenced";
  }
  if (one.intent(before.incarnation) != "refused") return "an intent passes under a kill";
  if (site.resume("acme/prod/mailer").stage("opened").is_null()) return "a resume does not open";
  if (one.intent(one.hello().incarnation) != "delivered") return "no intent passes after a resume";
  return {};
}

}  // namespace estop::testing
