// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/campaign/rogue_wire.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent-runtime/examples/incident/agent/flags.h"
#include "broker-bridge/daemon/random.h"
#include "broker-bridge/nats/asio_loop.h"
#include "broker-bridge/nats/connection.h"
#include "schemas/codec.h"
#include "schemas/signing.h"

namespace estop::incident {
namespace {

using schemas::Subjects;

constexpr Millis kReplyWait{2'000};
constexpr std::uint32_t kTtl_ms = 5'000;
constexpr std::size_t kInstance_letters = 12;

// A failed reply's payload starts with the number of its error.
tl::unexpected<Error> failure_of(std::string_view payload) {
  const std::string text(payload);
  char* end = nullptr;
  const auto number = std::strtoull(text.c_str(), &end, 10);
  return fail(schemas::errc_from_number(number), end);
}

}  // namespace

struct RogueWire::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& loop, const AgentOptions& options, Events given)
      : address(schemas::Address::parse(options.address).value()),
        instance(schemas::Instance::parse(daemon::random_name(kInstance_letters)).value()),
        events(std::move(given)),
        creds_file(options.creds_file),
        on_loop(loop),
        beat_timer(loop) {
    nats::ConnectOptions connect;
    connect.url = options.url;
    connect.name = options.address + "@" + instance.text();
    connect.creds_file = options.creds_file;
    nats::ConnectionEvents happened;
    happened.connected = [this] { announce(); };
    connection = std::make_unique<nats::Connection>(
        on_loop, connect, subjects.inbox_of(address, instance), std::move(happened));
  }

  void listen() {
    connection->subscribe(subjects.control_of(address), [this](const nats::MessageView& message) {
      const auto order = schemas::open_record(message.data);
      if (order && order->record.kind() == schemas::RecordKind::kKill) events.kill_heard();
    });
    connection->subscribe(subjects.inbox_of(address, instance),
                          [this](const nats::MessageView& message) { read_inbox(message); });
  }

  void read_inbox(const nats::MessageView& message) {
    const auto parts = subjects.parse_inbox(message.subject);
    if (!parts) return;
    const std::string_view id = parts->id;
    if (parts->kind == schemas::kRefusedKind) {
      const std::string number = message.header("Estop-Error").value_or("0");
      events.refused(id, schemas::errc_from_number(std::strtoull(number.c_str(), nullptr, 10)));
    } else if (parts->kind == schemas::kReplyKind) {
      const auto head = schemas::decode_intent(message.data);
      if (!head) return;
      const bool failed = schemas::has(head->flags, schemas::IntentFlag::kFailed);
      events.answered(id, failed ? Result<Bytes>(failure_of(head->payload))
                                 : Result<Bytes>(Bytes(head->payload)));
    }
  }

  void announce(bool goodbye = false) {
    schemas::Hello hello;
    hello.pid = static_cast<std::uint64_t>(::getpid());
    hello.runtime = "rogue";
    hello.goodbye = goodbye;
    hello.key = key;
    hello.process = instance.text();  // random, like this one
    const auto subject = subjects.hello(address, instance);
    const auto bytes = schemas::encode(hello);
    if (!bytes) return;
    if (goodbye) {
      (void)connection->publish(subject, *bytes);  // it ends, heard or not
      return;
    }
    connection->request(subject, *bytes, kReplyWait,
                        [self = shared_from_this()](Result<nats::MessageView> answer) {
                          if (!answer) return;
                          const auto reply = schemas::decode<schemas::HelloReply>(answer->data);
                          if (!reply || reply->code != Errc::kOk) return;
                          self->incarnation = reply->incarnation;
                          self->beat_every = Millis{reply->beat_ms};
                          self->beat();
                          self->events.announced(*reply);
                        });
  }

  // Says that it is well and not stopped, whatever it was told.
  void beat() {
    schemas::Beat beat;
    beat.nonce = ++nonce;
    beat.incarnation = incarnation;
    beat.sent = sent;
    beat.process = instance.text();
    connection->request(subjects.beat(address, instance), schemas::encode(beat).value(), kReplyWait,
                        [](const Result<nats::MessageView>&) {});
    beat_timer.expires_after(beat_every);
    beat_timer.async_wait([self = shared_from_this()](const auto& error) {
      if (!error) self->beat();
    });
  }

  Subjects subjects = Subjects::standard();
  schemas::Address address;
  schemas::Instance instance;
  Events events;
  std::string creds_file;
  nats::AsioLoop on_loop;
  std::unique_ptr<nats::Connection> connection;
  boost::asio::steady_timer beat_timer;
  Millis beat_every{schemas::kAgentBeat_ms};
  schemas::PublicKey key{};
  std::uint64_t incarnation = 0;
  std::uint64_t nonce = 0;
  std::uint64_t sent = 0;
};

RogueWire::RogueWire(boost::asio::io_context& loop, const AgentOptions& options, Events events)
    : state_(std::make_shared<State>(loop, options, std::move(events))) {}

RogueWire::~RogueWire() {
  state_->beat_timer.cancel();
  state_->connection->close();
}

Result<void> RogueWire::open() {
  const auto creds = read_file(state_->creds_file);
  if (!creds) return tl::make_unexpected(creds.error());
  const auto key = schemas::key_from_creds(*creds);
  if (!key) return tl::make_unexpected(key.error());
  state_->key = key->public_key();
  state_->listen();
  return state_->connection->connect();
}

void RogueWire::announce() {
  state_->announce();
}

bool RogueWire::request(std::string_view id, std::uint64_t incarnation, std::string_view to,
                        std::string_view action, std::string_view payload) {
  const auto receiver = schemas::Address::parse(to);
  const auto verb = schemas::Action::parse(action);
  if (!receiver || !verb) return false;
  schemas::IntentHead head;
  head.id = id;
  head.incarnation = incarnation;
  head.ttl_ms = kTtl_ms;
  head.flags = static_cast<std::uint32_t>(schemas::IntentFlag::kRequest);
  head.payload = payload;
  head.reply_instance = state_->instance.text();
  const auto bytes = schemas::encode_intent(head);
  if (!bytes) return false;
  ++state_->sent;
  return state_->connection->publish(
      state_->subjects.intent(state_->address, state_->instance, *receiver, *verb), *bytes);
}

void RogueWire::store(const schemas::StoreRequest& request, Stored stored) {
  const auto bytes = schemas::encode(request);
  if (!bytes) return stored(tl::make_unexpected(bytes.error()));
  state_->connection->request(
      state_->subjects.checkpoint(state_->address, state_->instance), *bytes, kReplyWait,
      [stored = std::move(stored)](const Result<nats::MessageView>& answer) {
        if (!answer) return stored(tl::make_unexpected(answer.error()));
        stored(schemas::decode<schemas::StoreReply>(answer->data));
      });
}

void RogueWire::leave() {
  state_->announce(/*goodbye=*/true);
  state_->connection->flush();
}

}  // namespace estop::incident
