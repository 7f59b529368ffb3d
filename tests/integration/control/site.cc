// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/control/site.h"

#include <stdexcept>

#include "schemas/order.h"
#include "tests/support/kills_seen.h"
#include "tests/support/socket.h"
#include "tests/support/tls_client.h"

namespace estop::testing {

using control::Account;
using schemas::Segment;
using schemas::Subjects;

namespace {

constexpr std::uint64_t kInstalledAt_s = 1'700'000'000;
constexpr nats::Millis kAnswerWithin{20'000};

const Subjects& subjects() {
  static const Subjects all = Subjects::standard();
  return all;
}
Segment segment(std::string_view text) {
  return Segment::parse(text).value();
}

const control::Role kAlice = control::OperatorRole{segment("alice"), true};

}  // namespace

Json Order::stage(const std::string& name) const {
  Json newest;
  for (const Json& answer : answers) {
    if (answer.value("stage", "") == name) newest = answer;
  }
  return newest;
}

std::string Order::error() const {
  return answers.empty() || !answers.back().contains("error") ? ""
                                                              : answers.back()["error"]["name"];
}

Site::Site(const Certificates* certificates, const std::string& address)
    : tls(certificates), keys(control::open_keyring(data.path()).value()) {
  control::BrokerOptions options;
  options.store_folder = data.file("nats");
  options.port = -1;
  broker = std::make_unique<Broker>(
      Broker::Options{control::broker_config(keys, options, kInstalledAt_s) +
                          (tls != nullptr ? tls->broker_config() : std::string()),
                      true, address});
  (void)creds(control::ControlRole{}, Account::kAgents);
  (void)creds(control::ControlRole{}, Account::kControl);
  operator_ = connect(creds(kAlice, Account::kControl), subjects().own_inbox(segment("alice")));
}

std::string Site::creds(const control::Role& role, Account account) {
  return control::open_creds(data.path(), keys, role, account, subjects(), kInstalledAt_s).value();
}

std::string Site::tls_ca() const {
  return tls != nullptr ? tls->file("ca.pem") : std::string();
}

std::unique_ptr<nats::Connection> Site::connect(const std::string& creds_file,
                                                schemas::Subject inbox, const std::string& url) {
  nats::ConnectOptions options;
  options.url = url.empty() ? broker->url() : url;
  options.creds_file = creds_file;
  options.tls_ca_file = tls_ca();
  nats::ConnectionEvents events;
  events.connected = [this] { ++connects_; };
  auto made = std::make_unique<nats::Connection>(on_loop, options, std::move(inbox), events);
  if (auto connected = made->connect(); !connected) {
    throw std::runtime_error(to_string(connected.error()));
  }
  ++connections_;
  if (!until([&] { return made->is_connected(); })) throw std::runtime_error("not connected");
  return made;
}

// --- The daemons ---

void Site::start_control() {
  std::filesystem::remove(data.file("control.port"));
  std::string command;
  for (const std::string& limit : limits) command += limit + "; ";
  command += "exec " + (control_program.empty() ? ESTOP_CONTROL_PROGRAM : control_program);
  command += " --data " + data.path().string();
  command += " --url " + (control_url.empty() ? broker->url() : control_url);
  command += " --bridge-beat-ms 50";
  command += " --bridge-lease-ms " + std::to_string(bridge_lease_ms);
  if (tls != nullptr) command += " --tls-ca " + tls_ca();
  command += " --log-format json --ready-file " + data.file("control.port");
  if (control_pages != nullptr) {
    command += " --listen-cert " + control_pages->file("broker.pem");
    command += " --listen-key " + control_pages->file("broker.key");
  }
  command += " " + control_options;
  daemon::SpawnOptions spawn;
  spawn.command = {"sh", "-c", command};
  spawn.log_file = data.file("control.log");
  control = daemon::ChildProcess::spawn(spawn).value();
}

control::Role Site::bridge_role() {
  return control::BridgeRole{segment("b1")};
}

void Site::start_bridge() {
  bridge = spawn_bridge("b1", "bridge");
}

daemon::ChildProcess Site::spawn_bridge(const std::string& id, const std::string& files) {
  const control::Role role = control::BridgeRole{segment(id)};
  daemon::SpawnOptions spawn;
  spawn.command = {bridge_program.empty() ? ESTOP_BRIDGE_PROGRAM : bridge_program,
                   "--id=" + id,
                   "--url=" + broker->url(),
                   "--agents-creds=" + creds(role, Account::kAgents),
                   "--control-creds=" + creds(role, Account::kControl),
                   "--control-key=" + data.file("keys/log.pub"),
                   "--bridge-beat-ms=50",
                   "--bridge-lease-ms=" + std::to_string(bridge_lease_ms),
                   "--ready-file=" + data.file(files + ".port")};
  if (tls != nullptr) spawn.command.push_back("--tls-ca=" + tls_ca());
  spawn.log_file = data.file(files + ".log");
  return daemon::ChildProcess::spawn(spawn).value();
}

int Site::http_port(const char* part) const {
  const std::string port = read_text(data.file(std::string(part) + ".port"));
  return port.empty() ? 0 : std::stoi(port);
}

std::string Site::page(const char* part, const char* path) {
  const int port = http_port(part);
  if (port == 0) return {};
  Socket socket = Socket::connect(port);
  if (!socket.is_open()) return {};
  const std::string request = std::string("GET ") + path + " HTTP/1.0\r\n\r\n";
  if (control_pages != nullptr && part == std::string_view("control")) {
    TlsClient client(std::move(socket));
    if (!client.greet() || !client.send(request)) return {};
    return client.read_to_end();
  }
  socket.send(request);
  std::string answer;
  for (auto some = socket.receive(kPatience); !some.empty(); some = socket.receive(kPatience)) {
    answer += some;
  }
  return answer;
}

std::string Site::log(const char* part) const {
  return read_text(data.file(std::string(part) + ".log"));
}

bool Site::leads() {
  return until([this] { return page("control", "/readyz").find("200 OK") != std::string::npos; });
}
bool Site::is_open(const char* files) {
  return until([&] { return page(files, "/readyz").find("200 OK") != std::string::npos; });
}

bool Site::answers() {
  return until([this] { return !ask("status", Json::object()).silent; });
}

// --- The operator ---

std::string Site::operator_creds() {
  return read_text(creds(kAlice, Account::kControl));
}

void Site::emergency(const std::string& scope, const std::string& op_id) {
  schemas::Record kill;
  kill.op_id = op_id;
  kill.kill().scope = schemas::Scope::parse(scope).value();
  kill.actor.name = "alice";
  kill.reason = "control is gone";
  emergency(schemas::sign_order(kill, operator_creds()).value().frame);
}

void Site::emergency(const schemas::Bytes& frame) {
  (void)operator_->publish(subjects().emergency(segment("alice")), frame);
  operator_->flush();
}

std::shared_ptr<Order> Site::send(const std::string& verb, const Json& request) {
  auto order = std::make_shared<Order>();
  std::string body = request.is_string() ? request.get<std::string>() : request.dump();
  if (schemas::must_be_signed(verb)) {
    body = schemas::sign_command(segment("alice"), segment(verb), body, operator_creds()).value();
  }
  operator_->request_many(subjects().command(segment("alice"), segment(verb)), body, kAnswerWithin,
                          [order](const schemas::Result<nats::MessageView>& answer) {
                            if (!answer) order->silent = true;
                            if (answer) order->answers.push_back(Json::parse(answer->data));
                            return !order->done();
                          });
  operator_->flush();
  return order;
}

Order Site::ask(const std::string& verb, const Json& request) {
  const auto order = send(verb, request);
  if (!until([&] { return order->done(); }, kAnswerWithin)) order->silent = true;
  return *order;
}

Order Site::kill(const std::string& scope, Json more) {
  more.update({{"scope", scope}, {"reason", "broken link"}});
  return ask("kill", more);
}

Order Site::resume(const std::string& scope, Json more) {
  Json request{{"scope", scope}, {"reason", "link is fixed"}};
  request["op_id"] = "resume-" + std::to_string(++resumes_);
  const Order seen = ask("ps", {{"kills_of", scope}});
  if (seen.error().empty() && !seen.answers.empty()) {
    request.update(lifts_seen(seen.answers.back(), scope));
  }
  request.update(more);
  return ask("resume", request);
}

std::size_t Site::kills_in_force() {
  const Order status = ask("status", Json::object());
  return status.answers.empty() ? 0 : status.answers.back()["kills"].size();
}

// --- Agents ---

Player& Site::join(const std::string& address, const std::string& instance) {
  players_.push_back(std::make_unique<Player>());
  Player& player = *players_.back();
  player.address = schemas::Address::parse(address).value();
  player.instance = schemas::Instance::parse(instance).value();
  player.connection = connect(creds(control::AgentRole{player.address}, Account::kAgents),
                              subjects().inbox_of(player.address, player.instance), agents_url);
  for (const auto& subject : {subjects().control_of(player.address), subjects().control_all()}) {
    player.connection->subscribe(
        subject, [this, &player](const nats::MessageView& m) { obey(player, m.data); });
  }
  say_hello(player);
  return player;
}

void Site::say_hello(Player& player) {
  schemas::Hello hello;
  hello.key = player.key.public_key();
  hello.process = player.process;
  hello.host = "here";
  hello.runtime = "test/1";
  // Who has said it more often than its budget allows is not answered for a while.
  constexpr std::chrono::milliseconds kAgain{1'000};
  const auto answered = std::make_shared<bool>(false);
  const auto is_answered = [&] {
    player.connection->request(
        subjects().hello(player.address, player.instance), encode(hello).value(), kAnswerWithin,
        [answered, &player](const schemas::Result<nats::MessageView>& reply) {
          if (!reply || *answered) return;
          player.hello = schemas::decode<schemas::HelloReply>(reply->data).value();
          *answered = true;
        });
    player.connection->flush();
    return until([&] { return *answered; }, kAgain);
  };
  for (auto left = kPatience; left > kAgain; left -= kAgain) {
    if (is_answered()) return;
  }
  throw std::runtime_error("no answer to a hello");
}

void Site::obey(Player& player, std::string_view frame) {
  const auto record = schemas::open_record(frame).value().record;
  const bool known = std::any_of(player.orders.begin(), player.orders.end(),
                                 [&](const auto& other) { return other.op_id == record.op_id; });
  if (known) return;
  player.orders.push_back(record);
  const auto* kill = std::get_if<schemas::Kill>(&record.body);
  const bool concerned =
      kill != nullptr && kill->scope.covers(player.address, player.instance.text());
  if (!concerned || !is_obedient || player.is_frozen) return;
  schemas::StoppedReceipt receipt;
  receipt.process = player.process;
  receipt.op_id = record.op_id;
  receipt.seq = record.seq;
  (void)player.connection->publish(subjects().stopped(player.address, player.instance),
                                   schemas::sign_stopped(receipt, player.key).value());
}

schemas::StoreReply Site::store(Player& player, schemas::StoreRequest request) {
  std::optional<schemas::StoreReply> reply;
  player.connection->request(
      subjects().checkpoint(player.address, player.instance), encode(request).value(),
      kAnswerWithin, [&](const schemas::Result<nats::MessageView>& answer) {
        reply = schemas::decode<schemas::StoreReply>(answer.value().data).value();
      });
  player.connection->flush();
  if (!until([&] { return reply.has_value(); })) throw std::runtime_error("no answer of the store");
  return *reply;
}

// --- Faults ---

void Site::restart_broker() {
  connects_ = 0;
  broker->restart();
  if (!until([&] { return connects_ >= connections_; })) throw std::runtime_error("not back");
}

void Site::turn_jetstream(bool on) {
  const auto file = broker->folder().file("broker.conf");
  std::string text = read_text(file);
  const auto at = text.find(on ? "#jetstream" : "\njetstream");
  if (at == std::string::npos) throw std::runtime_error("no jetstream in the configuration");
  on ? text.erase(at, 1) : text.insert(at + 1, "#");
  write_text(file, text);
  restart_broker();
}

void Site::lose_stream() {
  broker->stop();
  std::filesystem::remove_all(data.file("nats"));
  restart_broker();
}

}  // namespace estop::testing
