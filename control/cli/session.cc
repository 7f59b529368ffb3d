// SPDX-License-Identifier: Apache-2.0
#include "control/cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "broker-bridge/nats/blocking.h"
#include "broker-bridge/nats/url.h"
#include "control/cli/answer.h"
#include "control/cli/insistence.h"
#include "control/cli/installation.h"
#include "control/json/commands.h"
#include "schemas/order.h"
#include "schemas/subjects.h"

namespace estop::cli {

using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::Segment;

namespace {

constexpr nats::Millis kMargin{100};  // the connection's own deadline comes first
constexpr nats::Millis kAttempt{2'000};
constexpr nats::Millis kAttemptMin{250};
constexpr nats::Millis kAgain{1'000};
constexpr int kRefusedMax = 20;
constexpr int kAttempts = 4;  // to connect, at least, in the time that there is

// A kill tries again: to it a part of the whole time, since who is silent once may answer then.
nats::Millis attempt_time(std::optional<std::uint32_t> timeout_ms, Use use) {
  if (!timeout_ms) return kAttempt;
  const nats::Millis whole(*timeout_ms);
  return std::clamp(use == Use::kStop ? whole / kAttempts : whole, kAttemptMin, kAttempt);
}

}  // namespace

struct Session::State {
  State(Identity found, nats::ConnectOptions options, std::string hint)
      : identity(std::move(found)),
        url_hint(std::move(hint)),
        client(std::move(options), subjects.own_inbox(identity.name)) {}

  Identity identity;
  std::string url_hint;  // what to add if there is no broker
  schemas::Subjects subjects = schemas::Subjects::standard();
  nats::BlockingClient client;
};

Result<void> check_command(std::string_view verb, const nlohmann::json& request) {
  const auto read = control::parse_command(verb, json_text(request));
  if (read) return {};
  return fail(Errc::kBadArgument, read.error().detail);
}

namespace {

// Orders go out on a subject that says how far they reach; everybody may ask about everything.
schemas::Scope reach_for(const Identity& who, std::string_view verb) {
  const bool is_order = verb == "kill" || schemas::must_be_signed(verb);
  return is_order ? who.reach : schemas::Scope::fleet();
}

}  // namespace

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::prepare(const Common& common, Use use) {
  auto identity = find_identity(common, use);
  if (!identity) return tl::make_unexpected(identity.error());
  nats::ConnectOptions options;
  options.name = "estop-cli-" + identity->name.text();
  options.creds_file = identity->creds_file;
  options.tls_ca_file = common.tls_ca;
  options.connect_timeout = attempt_time(common.timeout_ms, use);
  // A broker that has just started may not know anybody yet.
  if (use == Use::kStop) options.refused_max = kRefusedMax;
  std::string hint;
  if (!common.url.empty()) {
    options.url = common.url;
  } else if (const auto run = read_run_file(common.data)) {
    options.url = run->url;
  } else {
    hint = fmt::format("; {}/run.json names no broker: does `estop up` run there? --url names one",
                       common.data);
  }
  // Before anything else is done: what is wrong here is wrong for ever.
  if (auto urls = nats::parse_urls(options.url); !urls) return tl::make_unexpected(urls.error());
  return Session(std::make_unique<State>(std::move(*identity), std::move(options), hint));
}

Result<void> Session::connect() {
  auto connected = state_->client.connect();
  if (connected || connected.error().code != Errc::kNoContact) return connected;
  return fail(Errc::kNoContact, connected.error().detail + state_->url_hint);
}

Result<Session> Session::open(const Common& common) {
  auto session = prepare(common, Use::kOther);
  if (!session) return session;
  if (auto connected = session->connect(); !connected) {
    return tl::make_unexpected(connected.error());
  }
  return session;
}

const Identity& Session::identity() const {
  return state_->identity;
}

Result<void> Session::kill(const schemas::Record& kill, const std::string& json,
                           std::uint32_t timeout_ms, const KillEvents& events) {
  return Insistence(state_->client, state_->subjects, state_->identity, state_->url_hint)
      .run(kill, json, nats::Millis(timeout_ms), events);
}

Result<void> Session::ask(std::string_view verb, const std::string& json, std::uint32_t timeout_ms,
                          const std::function<bool(std::string_view)>& answer) {
  auto token = Segment::parse(verb);
  if (!token) return tl::make_unexpected(token.error());
  std::string command = json;
  if (schemas::must_be_signed(verb)) {
    auto proven =
        schemas::sign_command(state_->identity.name, *token, json, state_->identity.creds_text);
    if (!proven) return tl::make_unexpected(proven.error());
    command = std::move(*proven);
  }
  struct Wait {
    std::function<bool(std::string_view)> answer;
    bool over = false;
    Result<void> result;
  };
  // Shared: the request may still be pending when this returns.
  const auto wait = std::make_shared<Wait>();
  wait->answer = answer;
  nats::BlockingClient& client = state_->client;
  const Identity& who = state_->identity;
  client.connection().request_many(state_->subjects.command(who.name, *token, reach_for(who, verb)),
                                   command, nats::Millis(timeout_ms),
                                   [wait](const Result<nats::MessageView>& one) {
                                     if (wait->over) return false;
                                     if (!one) wait->result = tl::make_unexpected(one.error());
                                     wait->over = !one || !wait->answer(one->data);
                                     return !wait->over;
                                   });
  client.connection().flush();
  // The broker tells of a refused publish beside the conversation, which then never gets an answer.
  const auto is_over = [&] { return wait->over || !client.last_error().empty(); };
  client.run_until(is_over, nats::Millis(timeout_ms) + kMargin);
  if (wait->over) return wait->result;
  wait->over = true;
  if (!client.last_error().empty()) return fail(Errc::kNotPermitted, client.last_error());
  return fail(Errc::kTimeout, "control did not answer in time: does it run? (estop status)");
}

Result<void> Session::watch(const Feed& feed) {
  bool over = false;
  bool was_connected = true;
  nats::BlockingClient& client = state_->client;
  client.subscribe(state_->subjects.events(), [&](const nats::MessageView& message) {
    over = over || !feed.event(message.data);
  });
  const auto is_over = [&] { return over || !client.last_error().empty() || client.is_closed(); };
  while (!is_over()) {
    const bool is_connected = client.is_connected();
    if (is_connected && !was_connected) feed.was_away();
    was_connected = is_connected;
    if (is_connected && feed.is_due() && !feed.catch_up()) client.run_until(is_over, kAgain);
    const auto has_work = [&] {
      return is_over() || client.is_connected() != was_connected ||
             (was_connected && feed.is_due());
    };
    if (!is_over()) client.run_until(has_work, nats::Millis(60'000));
  }
  if (over) return {};
  return fail(Errc::kNoContact, client.last_error());
}

}  // namespace estop::cli
