// SPDX-License-Identifier: Apache-2.0
#include "control/app/broker_desk.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "broker-bridge/daemon/log.h"
#include "control/app/reply_to.h"
#include "control/json/replies.h"

namespace estop::control {

namespace {

constexpr nats::Millis kStreamPatience{1'000};

// Another place than the one asked for means that the log is not what we think.
schemas::Result<void> answer_of(std::uint64_t seq, const schemas::Result<std::uint64_t>& place) {
  if (!place) return tl::make_unexpected(place.error());
  if (*place == seq) return {};
  return schemas::fail(schemas::Errc::kLogConflict, fmt::format("stored at {}", *place));
}

}  // namespace

BrokerDesk::BrokerDesk(const nats::Loop& loop, BrokerLinks& links, AgentDesk& agents,
                       const schemas::Subjects& subjects, ControlMetrics& metrics, Handler handler)
    : links_(links),
      agents_(agents),
      subjects_(subjects),
      handler_(std::move(handler)),
      control_out_(loop, links.control, metrics),
      log_out_(loop, links.log, metrics),
      agents_out_(loop, links.agents, metrics),
      stream_(links.log, subjects),
      reader_(stream_),
      log_desk_(links.control, stream_, subjects,
                [this](const schemas::Subject& to, std::string_view bytes) {
                  return control_out_.send(Unsent::kLogRead, to, bytes);
                }) {}

void BrokerDesk::listen() {
  log_desk_.listen();
}

void BrokerDesk::perform(const BrokerAction& action) {
  std::visit([this](const auto& one) { act(one); }, action);
}

void BrokerDesk::act(const PublishRecord& action) {
  if (action.seq == 0) {  // a stream of this name does not exist: heard by all, taken by none
    (void)log_out_.send(Unsent::kRecord, subjects_.log(), action.frame,
                        {{"Nats-Expected-Stream", "NONE"}});
    return;
  }
  stream_.append(action.frame, action.is_first ? 0 : action.seq - 1, kStreamPatience,
                 [this, seq = action.seq](const schemas::Result<std::uint64_t>& place) {
                   handler_(AppendAnswered{seq, answer_of(seq, place)});
                 });
}

void BrokerDesk::act(const ReadStream& action) {
  reader_.read(action.from_seq, action.begins, [this](const StreamRead& read) {
    if (!read.tail) {
      daemon::log_warn("stream-unreadable", {{"problem", to_string(read.tail.error())}});
    }
    handler_(read);
  });
}

void BrokerDesk::act(const PurgeStream& action) {
  stream_.purge(action.before_seq, kStreamPatience,
                [this, before = action.before_seq](const schemas::Result<void>& purged) {
                  handler_(StreamPurged{before, purged});
                });
}

void BrokerDesk::act(const PublishToAgents& action) {
  if (action.first) {
    (void)agents_out_.send(Unsent::kOrder, subjects_.control_of(*action.first), action.frame);
  }
  (void)agents_out_.send(Unsent::kOrder, subjects_.control_all(), action.frame);
}

void BrokerDesk::act(const PublishLease& action) {
  (void)control_out_.send(Unsent::kLease, subjects_.lease(), action.frame);
}

void BrokerDesk::act(const Answer& action) {
  control_out_.answer(reply_to(action.asker), to_json(action.reply));
}

void BrokerDesk::act(const ReplyToAgent& action) {
  agents_.perform(action);
}

void BrokerDesk::act(const PublishEvent& action) {
  (void)control_out_.send(Unsent::kEvent, subjects_.event(action.kind),
                          std::visit([](const auto& one) { return event_json(one); }, action.line));
}

void BrokerDesk::act(const Flush& /*action*/) {
  links_.log.flush();
  links_.control.flush();
  links_.agents.flush();
}

}  // namespace estop::control
