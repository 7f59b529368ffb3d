// SPDX-License-Identifier: Apache-2.0

// What an agent does with its freedom: intents out and in, as agent-runtime/src/intents*.cc does,
// and a checkpoint now and then.
#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"
#include "tests/sim/agent.h"
#include "tests/sim/agent_life.h"

namespace estop::sim {

using nats::MessageView;
using schemas::Errc;
using schemas::IntentFlag;
using schemas::IntentHead;

namespace {

constexpr nats::Millis kStorePatience{5'000};
constexpr Nanos kHandlerMost = 50 * kMs;
constexpr std::uint64_t kRequests = 200'000;     // per million intents
constexpr std::uint64_t kCheckpoints = 100'000;  // per million intents

const schemas::Action& action() {
  static const auto kAction = *schemas::Action::parse("mail.send");
  return kAction;
}

}  // namespace

bool AgentProcess::acts(std::uint64_t work_life) const {
  return !life_->stop && life_->work_life == work_life && boot_now() < life_->lease_until;
}

void AgentProcess::work_later() {
  after(ground().random.between(kMs, 2 * settings_.send_every), [this] {
    send_one();
    work_later();
  });
}

void AgentProcess::send_one() {
  if (!acts(life_->work_life)) return;
  const bool asks = ground().random.chance(kRequests);
  const std::string id = fmt::format("{}-{}", instance_.text(), ++ids_);
  IntentHead head;
  head.id = id;
  head.incarnation = life_->incarnation;
  head.flags = asks ? static_cast<std::uint32_t>(IntentFlag::kRequest) : 0;
  head.payload = "dear customer";
  if (asks) head.reply_instance = instance_.text();
  publish_intent(life_->work_life, ground().random.pick(settings_.peers), head);
  if (ground().random.chance(kCheckpoints)) put_checkpoint();
}

void AgentProcess::publish_intent(std::uint64_t work_life, const schemas::Address& to,
                                  const IntentHead& head) {
  if (!acts(work_life) || !life_->connection.is_connected()) return;
  observer_.agent_sends(settings_.address, instance_, head.incarnation, boot_now());
  ++life_->sent;
  (void)life_->connection.publish(
      settings_.subjects.intent(settings_.address, instance_, to, action()),
      schemas::encode_intent(head).value());
}

void AgentProcess::on_delivery(const MessageView& view) {
  const auto parts = settings_.subjects.parse_deliver(view.subject);
  const auto head = schemas::decode_intent(view.data);
  const auto from =
      parts ? schemas::Address::from_tokens(parts->sender) : schemas::fail(Errc::kMalformed);
  const std::uint64_t work_life = life_->work_life;
  if (!from || !head || has(head->flags, IntentFlag::kReply) || !acts(work_life)) return;
  if (!life_->peers.admits(*from, head->reply_instance, head->incarnation,
                           agent::BootTime{boot_now()})) {
    return ground().count("delivery dropped by its receiver");
  }
  ++delivered_;
  const auto handler = ++life_->handlers;
  life_->running.insert(handler);
  after(ground().random.between(0, kHandlerMost),
        [this, handler, work_life, to = *from, id = std::string(head->id),
         asker = std::string(head->reply_instance)] {
          life_->running.erase(handler);
          if (!asker.empty() && life_->work_life == work_life) {
            IntentHead reply;
            reply.id = id;
            reply.incarnation = life_->incarnation;
            reply.flags = static_cast<std::uint32_t>(IntentFlag::kReply);
            reply.reply_instance = asker;
            publish_intent(work_life, to, reply);
          }
          const bool waited_for = life_->draining.erase(handler) != 0;
          if (waited_for && life_->draining.empty()) {
            happen(agent::HandlersEnded{life_->drain});
          }
        });
}

void AgentProcess::on_inbox(const MessageView& view) {
  const auto parts = settings_.subjects.parse_inbox(view.subject);
  if (!parts || parts->kind != schemas::kRefusedKind) return;
  const auto code = std::stoul(view.header("Estop-Error").value_or("0"));
  happen(agent::Doubted{schemas::errc_from_number(code)});
}

void AgentProcess::put_checkpoint() {
  schemas::StoreRequest request;
  request.op = schemas::StoreOp::kPut;
  request.key = instance_.text();
  request.expected_version = life_->checkpoint;
  request.incarnation = life_->incarnation;
  request.bytes = "so far";
  life_->connection.request(
      settings_.subjects.checkpoint(settings_.address, instance_), schemas::encode(request).value(),
      kStorePatience, [this](const schemas::Result<MessageView>& view) {
        if (!view) return;
        const auto reply = schemas::decode<schemas::StoreReply>(view->data);
        if (!reply) return;
        if (reply->version != 0) life_->checkpoint = reply->version;
        if (reply->code != Errc::kOk) return;
        observer_.checkpoint_stored(settings_.address, instance_.text(), reply->version);
      });
}

}  // namespace estop::sim
