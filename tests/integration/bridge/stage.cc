// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/bridge/stage.h"

#include <stdexcept>

#include "broker-bridge/nats/jetstream.h"
#include "schemas/codec.h"
#include "tests/support/socket.h"

namespace estop::testing {

using control::Account;
using schemas::Segment;
using schemas::Subjects;

namespace {

constexpr std::uint64_t kIssuedAt_s = 1'700'000'000;
constexpr nats::Millis kAnswerWithin{2'000};

const Subjects& subjects() {
  static const Subjects all = Subjects::standard();
  return all;
}

Segment segment(std::string_view text) {
  return Segment::parse(text).value();
}

void require(const schemas::Result<void>& result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
}

}  // namespace

Stage::Stage(std::size_t payload_max) {
  control::BrokerOptions options;
  options.store_folder = secrets_.file("store");
  options.port = -1;
  std::string config = control::broker_config(keys, options, kIssuedAt_s);
  if (payload_max != 0) {
    const std::string usual = "max_payload: " + std::to_string(schemas::kBrokerPayloadMax_bytes);
    config.replace(config.find(usual), usual.size(), "max_payload: " + std::to_string(payload_max));
  }
  broker = std::make_unique<Broker>(Broker::Options{std::move(config), true});
  const auto own = subjects().own_inbox(segment("control"));
  control = connect(creds(control::ControlRole{}, Account::kControl, "control"), own);
  ear = connect(creds(control::ControlRole{}, Account::kAgents, "ear"), own);
  control->subscribe(subjects().bridges(), [this](const nats::MessageView& m) {
    hear_beat(schemas::decode<schemas::BridgeBeat>(m.data).value());
  });
  ear->subscribe(subjects().receipts(), [this](const nats::MessageView& m) {
    receipts.push_back(schemas::read_receipt(m.data).value());
  });
  ear->subscribe(subjects().hellos(), [this](const nats::MessageView&) { ++hellos_; });
  stream = std::make_unique<nats::JetStream>(*control, subjects());
  log_desk = std::make_unique<control::LogDesk>(
      *control, *stream, subjects(), [this](const schemas::Subject& to, std::string_view bytes) {
        return control->publish(to, bytes);
      });
  log_desk->listen();
  bool made = false;
  stream->ensure_stream(kAnswerWithin, [&](const auto& info) { made = info.has_value(); });
  if (!until([&] { return made; })) throw std::runtime_error("no stream");
  publish(log.records().front());
  if (!committed()) throw std::runtime_error("no first record");
}

Stage::~Stage() = default;

std::string Stage::creds(const control::Role& role, Account account, const std::string& name) {
  const auto path = secrets_.file(name + ".creds");
  write_text(path, control::make_creds(keys, role, account, subjects(), kIssuedAt_s));
  return path;
}

std::unique_ptr<nats::Connection> Stage::connect(const std::string& creds_file,
                                                 schemas::Subject inbox) {
  nats::ConnectOptions options;
  options.url = broker->url();
  options.creds_file = creds_file;
  auto made = std::make_unique<nats::Connection>(on_loop, options, std::move(inbox),
                                                 nats::ConnectionEvents{});
  require(made->connect());
  if (!until([&] { return made->is_connected(); })) throw std::runtime_error("not connected");
  return made;
}

void Stage::hear_beat(const schemas::BridgeBeat& beat) {
  beats.push_back(beat);
  if (!granting || beat.state == schemas::BridgeState::kLeaving) return;
  schemas::LeaseFrame frame;
  frame.leader = "control1";
  frame.term = 1;
  frame.head = head;
  frame.grants = {{beat.bridge, beat.process, beat.nonce}};
  (void)control->publish(subjects().lease(), schemas::sign_lease(frame, log.key()).value());
}

void Stage::publish(const schemas::SignedRecord& record) {
  const auto place = bridge::WrittenLog::head_of(record);
  stream->append(record.frame, place.seq - 1, kAnswerWithin,
                 [this, place](const schemas::Result<std::uint64_t>& seq) {
                   if (seq && *seq == place.seq) head = place;
                 });
  control->flush();
}

schemas::SignedOrder Stage::order(const control::Keyring& keys, const std::string& scope,
                                  const std::string& op_id) {
  schemas::Record kill;
  kill.op_id = op_id;
  kill.kill().scope = schemas::Scope::parse(scope).value();
  kill.actor.name = "alice";
  kill.reason = "control is gone";
  const control::OperatorRole alice{segment("alice"), false};
  return schemas::sign_order(
             kill, control::make_creds(keys, alice, Account::kControl, subjects(), kIssuedAt_s))
      .value();
}

void Stage::emergency(const schemas::SignedOrder& order) {
  const control::OperatorRole alice{segment("alice"), false};
  const auto sender =
      connect(creds(alice, Account::kControl, "alice"), subjects().own_inbox(segment("alice")));
  if (!sender->publish(subjects().emergency(segment("alice")), order.frame)) {
    throw std::runtime_error("the order was not sent");
  }
  sender->flush();
  if (!until([&] { return sender->buffered_bytes() == 0; })) throw std::runtime_error("not read");
}

bool Stage::committed() {
  return until([this] { return head == log.head(); });
}

void Stage::start_bridge() {
  const control::BridgeRole role{segment("b1")};
  daemon::SpawnOptions spawn;
  spawn.command = {ESTOP_BRIDGE_PROGRAM,
                   "--id=b1",
                   "--url=" + broker->url(),
                   "--agents-creds=" + creds(role, Account::kAgents, "bridge-agents"),
                   "--control-creds=" + creds(role, Account::kControl, "bridge-control"),
                   "--control-key=" + log.key().public_text(),
                   "--bridge-beat-ms=" + std::to_string(kBeat_ms),
                   "--bridge-lease-ms=" + std::to_string(lease_ms),
                   "--ready-file=" + secrets_.file("port")};
  spawn.log_file = secrets_.file("bridge.log");
  bridge = daemon::ChildProcess::spawn(spawn).value();
  if (!until([&] { return !bridge.running() || !read_text(secrets_.file("port")).empty(); }) ||
      !bridge.running()) {
    throw std::runtime_error("no bridge: " + read_text(secrets_.file("bridge.log")));
  }
}

bool Stage::opens() {
  return until([this] { return page("/readyz").find("200 OK") != std::string::npos; });
}

std::string Stage::bridge_log() {
  return read_text(secrets_.file("bridge.log"));
}

std::string Stage::page(const char* path) {
  Socket socket = Socket::connect(std::stoi(read_text(secrets_.file("port"))));
  socket.send(std::string("GET ") + path + " HTTP/1.0\r\n\r\n");
  std::string answer;
  for (auto part = socket.receive(kAnswerWithin); !part.empty();
       part = socket.receive(kAnswerWithin)) {
    answer += part;
  }
  return answer;
}

bool Stage::hears_intents() {
  // Without its `>`, which the monitor writes as \u003e.
  const auto pattern = subjects().intents().str();
  return broker->monitor("/connz?subs=1").find(pattern.substr(0, pattern.size() - 1)) !=
         std::string::npos;
}

Actor& Stage::actor(std::string_view address) {
  auto& made = actors_[std::string(address)];
  if (made) return *made;
  made = std::make_unique<Actor>();
  Actor& actor = *made;
  actor.address = schemas::Address::parse(address).value();
  actor.instance = schemas::Instance::parse("k3j9x2ab").value();
  const auto file =
      creds(control::AgentRole{actor.address}, Account::kAgents, actor.address.tokens());
  actor.connection = connect(file, subjects().inbox_of(actor.address, actor.instance));
  actor.connection->subscribe(subjects().deliveries_to(actor.address),
                              [&actor](const nats::MessageView&) { ++actor.delivered; });
  actor.connection->subscribe(
      subjects().inbox_of(actor.address, actor.instance), [&actor](const nats::MessageView& m) {
        nats::Headers headers;
        for (const char* key : {"Nats-Service-Error-Code", "Nats-Service-Error", "Estop-Error"}) {
          headers.emplace_back(key, m.header(key).value_or(""));
        }
        if (headers[0].second.empty()) {
          ++actor.markers;
        } else {
          actor.refusals.push_back(std::move(headers));
        }
      });
  actor.connection->flush();
  settle();
  return actor;
}

void Stage::send(Actor& from, const Actor& to, int count, std::uint64_t incarnation,
                 const schemas::Subject& reply) {
  const auto action = schemas::Action::parse("email.send").value();
  const auto subject = subjects().intent(from.address, from.instance, to.address, action);
  schemas::IntentHead intent;
  intent.incarnation = incarnation;
  intent.payload =
      std::string_view("a payload of ordinary size, as an agent would send it to another");
  for (int i = 0; i < count; ++i) {
    const std::string id = "i" + std::to_string(i);
    intent.id = id;
    (void)from.connection->publish(subject, schemas::encode_intent(intent).value(), {}, reply);
  }
  from.connection->flush();
}

void Stage::settle() {
  const auto hellos = hellos_ + actors_.size();
  for (const auto& [name, actor] : actors_) {
    (void)actor->connection->publish(subjects().hello(actor->address, actor->instance), "");
    actor->connection->flush();
  }
  if (!until([&] { return hellos_ >= hellos; })) throw std::runtime_error("agents are not heard");
  for (const auto& [name, actor] : actors_) {
    const auto before = actor->markers;
    const auto rpc = segment("rpc");
    (void)ear->publish(subjects().inbox(actor->address, actor->instance, rpc, segment("marker")),
                       "");
    ear->flush();
    if (!until([&, one = actor.get()] { return one->markers > before; })) {
      throw std::runtime_error(name + " hears nothing");
    }
  }
}

}  // namespace estop::testing
