#include "control/cli/session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "broker-bridge/nats/blocking.h"
#include "control/cli/installation.h"
#include "control/cli/read_text.h"
#include "schemas/order.h"
#include "schemas/subjects.h"

namespace estop::cli {

using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::Segment;

namespace {

constexpr nats::Millis kMargin{100};         // the connection's own deadline comes first
constexpr nats::Millis kBridgesWait{1'000};  // for what bridges say if control says nothing

}  // namespace

struct Session::State {
  State(Segment name, nats::ConnectOptions options)
      : operator_name(std::move(name)),
        creds_text(read_text(options.creds_file)),
        client(std::move(options), subjects.own_inbox(operator_name)) {}

  Segment operator_name;
  std::string creds_text;
  schemas::Subjects subjects = schemas::Subjects::standard();
  nats::BlockingClient client;
};

namespace {

Result<nats::ConnectOptions> connect_options(const Common& common, const Segment& name) {
  nats::ConnectOptions options;
  options.name = "estop-cli-" + name.text();
  options.creds_file = common.creds;
  options.tls_ca_file = common.tls_ca;
  if (options.creds_file.empty()) {
    auto made = creds_of(common.data, control::OperatorRole{name}, control::Account::kControl);
    if (!made) return tl::make_unexpected(made.error());
    options.creds_file = std::move(*made);
  }
  if (::access(options.creds_file.c_str(), R_OK) != 0) {
    return fail(Errc::kUnauthenticated,
                fmt::format("the credentials {} cannot be read: {}; name others with --creds",
                            options.creds_file, std::strerror(errno)));
  }
  if (!common.url.empty()) {
    options.url = common.url;
  } else if (const auto run = read_run_file(common.data)) {
    options.url = run->url;
  }
  return options;
}

}  // namespace

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::open(const Common& common) {
  auto name = Segment::parse(common.operator_name);
  if (!name) return tl::make_unexpected(name.error());
  auto options = connect_options(common, *name);
  if (!options) return tl::make_unexpected(options.error());
  Session session(std::make_unique<State>(*name, std::move(*options)));
  if (auto connected = session.state_->client.connect(); !connected) {
    return tl::make_unexpected(connected.error());
  }
  return session;
}

Result<void> Session::kill(const schemas::Record& kill, const std::string& json,
                           std::uint32_t timeout_ms,
                           const std::function<bool(std::string_view)>& answer) {
  const schemas::Subjects& subjects = state_->subjects;
  nats::Connection& connection = state_->client.connection();
  const auto order = schemas::sign_order(kill, state_->creds_text);
  std::vector<std::string> latched;
  const auto inbox = connection.subscribe(
      subjects.latched_of(state_->operator_name), [&](const nats::MessageView& message) {
        if (message.data.find('"' + kill.op_id + '"') == std::string_view::npos) return;
        latched.emplace_back(message.data);
      });
  // The order itself, and a command to watch it. A kill that cannot be signed is a command all the
  // same.
  if (order) connection.publish(subjects.emergency(state_->operator_name), order->frame);
  const auto result = ask("kill", json, timeout_ms, answer);
  const bool is_gone = !result && result.error().code == Errc::kNoContact;
  if (is_gone) state_->client.run_until([] { return false; }, kBridgesWait);
  if (is_gone || (!result && result.error().code == Errc::kTimeout)) {
    for (const std::string& notice : latched) answer(notice);
  }
  connection.unsubscribe(inbox);
  return result;
}

Result<void> Session::ask(std::string_view verb, const std::string& json, std::uint32_t timeout_ms,
                          const std::function<bool(std::string_view)>& answer) {
  auto token = Segment::parse(verb);
  if (!token) return tl::make_unexpected(token.error());
  std::string command = json;
  if (schemas::must_be_signed(verb)) {
    auto proven = schemas::sign_command(state_->operator_name, *token, json, state_->creds_text);
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
  client.connection().request_many(state_->subjects.command(state_->operator_name, *token), command,
                                   nats::Millis(timeout_ms),
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

Result<void> Session::watch(const std::function<bool(std::string_view)>& event) {
  bool over = false;
  nats::BlockingClient& client = state_->client;
  client.subscribe(state_->subjects.events(),
                   [&](const nats::MessageView& message) { over = over || !event(message.data); });
  while (!over && client.last_error().empty()) {
    const auto is_over = [&] { return over || !client.last_error().empty(); };
    client.run_until(is_over, nats::Millis(60'000));
  }
  if (over) return {};
  return fail(Errc::kNoContact, client.last_error());
}

}  // namespace estop::cli
