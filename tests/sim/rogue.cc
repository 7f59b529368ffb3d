// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/rogue.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"

namespace estop::sim {

using nats::MessageView;
using schemas::IntentFlag;

namespace {

constexpr nats::Millis kRoguePatience{2'000};

nats::ConnectOptions as(const schemas::Address& address) {
  nats::ConnectOptions options;
  options.creds_file = "agent-" + address.tokens();
  return options;
}

schemas::Action action() {
  return *schemas::Action::parse("mail.send");
}

}  // namespace

RogueProcess::RogueProcess(Ground& ground, Broker& broker, AgentSettings settings,
                           std::size_t number)
    : Process(ground, fmt::format("rogue {}", settings.address.text())),
      loop_(*this, broker),
      settings_(std::move(settings)),
      number_(number),
      own_key_(schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.own_seed)) {}

RogueProcess::~RogueProcess() = default;

void RogueProcess::begin() {
  instance_ = *schemas::Instance::parse(fmt::format("r{:03}x{:05}", number_, life()));
  life_.reset(new Life{{loop_,
                        as(settings_.address),
                        settings_.subjects.inbox_of(settings_.address, instance_),
                        {}}});
  (void)life_->connection.connect();
  go_on();
}

void RogueProcess::go_on() {
  after(ground().random.between(kMs, 2 * settings_.send_every), [this] {
    do_harm();
    go_on();
  });
}

void RogueProcess::do_harm() {
  const auto dice = ground().random.below(20);
  if (dice == 0) return announce();
  if (dice == 1) return send_garbage();
  if (dice == 2) return forge_order();
  if (dice == 3) return forge_receipt();
  if (dice == 4) return reflect();
  send_intent();
}

void RogueProcess::announce() {
  schemas::Hello hello;
  hello.process = instance_.text();
  hello.key = own_key_.public_key();
  life_->connection.request(settings_.subjects.hello(settings_.address, instance_),
                            schemas::encode(hello).value(), kRoguePatience,
                            [this](const schemas::Result<MessageView>& view) {
                              if (!view) return;
                              const auto reply = schemas::decode<schemas::HelloReply>(view->data);
                              if (reply) incarnation_ = reply->incarnation;
                            });
}

void RogueProcess::send_intent() {
  Random& random = ground().random;
  const std::string id = fmt::format("{}-{}", instance_.text(), ++ids_);
  schemas::IntentHead head;
  head.id = id;
  head.incarnation = incarnation_;
  if (random.below(4) == 0) head.incarnation = random.below(incarnation_ + 3);
  head.payload = "cheap pills";
  const auto& to = random.pick(settings_.peers);
  if (random.below(8) == 0) {  // an answer to a question that nobody asked
    head.flags = static_cast<std::uint32_t>(IntentFlag::kReply);
    head.reply_instance = "i001x00001";
  }
  (void)life_->connection.publish(
      settings_.subjects.intent(settings_.address, instance_, to, action()),
      schemas::encode_intent(head).value());
}

void RogueProcess::send_garbage() {
  std::string bytes(ground().random.below(40), '\0');
  for (char& byte : bytes) byte = static_cast<char>(ground().random.below(256));
  const auto& subjects = settings_.subjects;
  const auto& to = ground().random.pick(settings_.peers);
  (void)life_->connection.publish(subjects.intent(settings_.address, instance_, to, action()),
                                  bytes);
  (void)life_->connection.publish(subjects.hello(settings_.address, instance_), bytes);
  (void)life_->connection.publish(subjects.beat(settings_.address, instance_), bytes);
  (void)life_->connection.publish(subjects.stopped(settings_.address, instance_), bytes);
}

// A resume and a kill of its own making, wherever it might publish one.
void RogueProcess::forge_order() {
  schemas::Record record;
  record.epoch = 1;
  record.seq = ground().random.below(40);
  record.op_id = fmt::format("forged-{}", ++ids_);
  if (ground().random.below(2) != 0) {
    record.body =
        schemas::Resume{.lifts = {"op-1", "op-2", "op-3"}, .incarnation = incarnation_ + 1};
  }
  record.actor.name = "mallory";
  const auto frame = schemas::sign_record(record, own_key_).value().frame;
  const auto& subjects = settings_.subjects;
  (void)life_->connection.publish(subjects.log(), frame);
  (void)life_->connection.publish(subjects.control_all(), frame);
  (void)life_->connection.publish(subjects.stopped(settings_.address, instance_), frame);
  (void)life_->connection.publish(subjects.checkpoint(settings_.address, instance_), frame);
}

// It may confirm its own stop, but nobody else's.
void RogueProcess::forge_receipt() {
  schemas::StoppedReceipt receipt;
  receipt.process = instance_.text();
  receipt.op_id = fmt::format("op-{}", ground().random.below(10));
  const auto bytes = schemas::sign_stopped(receipt, own_key_).value();
  const auto& subjects = settings_.subjects;
  (void)life_->connection.publish(
      subjects.stopped(settings_.address, *schemas::Instance::parse("i001x00001")), bytes);
  (void)life_->connection.publish(
      subjects.stopped(ground().random.pick(settings_.peers), instance_), bytes);
}

// Lets control answer where it must not (H3).
void RogueProcess::reflect() {
  schemas::Hello hello;
  hello.process = instance_.text();
  hello.key = own_key_.public_key();
  const auto& subjects = settings_.subjects;
  for (const auto& target : {subjects.log(), subjects.control_all(),
                             subjects.deliveries_to(ground().random.pick(settings_.peers))}) {
    (void)life_->connection.publish(subjects.hello(settings_.address, instance_),
                                    schemas::encode(hello).value(), {}, target);
  }
}

}  // namespace estop::sim
