// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bridge.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"
#include "tests/sim/session.h"

namespace estop::sim {

namespace {

constexpr Nanos kGone = 50 * kMs;
constexpr Nanos kSettled = 3 * kMs;  // when the shell has looked at the signatures
constexpr Nanos kLookedIntoMost = 8 * kSecond;

const std::string* refusal_in(const Message& message) {
  for (const auto& [name, value] : message.headers) {
    if (name == "Nats-Service-Error") return &value;
  }
  return nullptr;
}

schemas::Errc code_in(const Message& message) {
  for (const auto& [name, value] : message.headers) {
    if (name == "Estop-Error") return schemas::errc_from_number(std::stoul(value));
  }
  return schemas::Errc::kOk;
}

}  // namespace

BridgeProcess::BridgeProcess(Ground& ground, Broker& broker, Observer& observer,
                             BridgeSettings settings)
    : Process(ground, "bridge " + settings.config.id),
      observer_(observer),
      settings_(std::move(settings)),
      agents_user_("bridge-" + id() + "-agents"),
      control_user_("bridge-" + id() + "-control"),
      loop_(*this, broker) {
  settings_.config.agents_creds = agents_user_;
  settings_.config.control_creds = control_user_;
}

void BridgeProcess::begin() {
  observer_.bridge_began(id());
  bridge::BridgeIdentity identity{
      .id = *schemas::Segment::parse(id()),
      .subjects = subjects_,
      .own_key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.own_seed),
      .control_key = settings_.control_key,
      .operators_key = settings_.operators_key,
      .listen = {}};
  bridge::BridgeShell::Events events;
  events.left = [this] { after(0, [this] { die(down_for_); }); };
  events.failed = [this](const std::string&) { after(0, [this] { die(kGone); }); };
  intent_ = nullptr;
  alarmed_ = false;
  shell_ = std::make_unique<bridge::BridgeShell>(loop_, settings_.config, std::move(identity),
                                                 metrics_, std::move(events));
  (void)shell_->start();
}

void BridgeProcess::leave(Nanos down_for) {
  after(0, [this, down_for] {
    down_for_ = down_for;
    shell_->leave();
  });
}

void BridgeProcess::flush() {
  loop_.write();
  look();
}

void BridgeProcess::look() {
  observer_.bridge_looked_at(id(), shell_->status().applied, std::exchange(alarmed_, false));
}

// --- What passes its connections ---

void BridgeProcess::arrives(const std::string& user, const std::string& /*pattern*/,
                            const Message& message) {
  if (user == control_user_) {
    if (message.subject == subjects_.log().str()) {
      disprove_later(observer_.log_delivered(id(), message.data));
    }
    if (message.subject == subjects_.lease().str()) observer_.lease_delivered(id(), message.data);
    if (const auto actor = subjects_.parse_emergency(message.subject)) {
      disprove_later(observer_.emergency_delivered(id(), actor->actor, message.data));
    }
  } else if (user == agents_user_) {
    at_risk();
    intent_ = &message;
  }
}

// Twice: of what waits when a frozen process goes on, anything may come first.
void BridgeProcess::disprove_later(const std::string& op_id) {
  if (op_id.empty()) return;
  after(kSettled,
        [this, op_id] { after(kSettled, [this, op_id] { observer_.disproved(id(), op_id); }); });
}

void BridgeProcess::was_handled(const std::string& user, const Message& /*message*/) {
  if (user == agents_user_) {
    intent_ = nullptr;
  } else {
    look();
  }
}

void BridgeProcess::sends(const std::string& user, const Message& message) {
  at_risk();
  if (user == control_user_) {
    if (message.subject != subjects_.bridge(*schemas::Segment::parse(id())).str()) return;
    observer_.beat_sent(id(), schemas::decode<schemas::BridgeBeat>(message.data)->nonce,
                        boot_now());
  } else if (subjects_.parse_receipt(message.subject)) {
    observer_.receipt_sent(id(), *schemas::read_receipt(message.data));
  } else if (intent_ != nullptr) {
    const std::string* refusal = refusal_in(message);
    if (refusal == nullptr) {
      return observer_.forwarded(id(), *intent_, message.subject, boot_now());
    }
    observer_.refused(id(), *intent_, code_in(message), *refusal);
  }
}

void BridgeProcess::subscribes(const std::string& /*user*/, const std::string& /*pattern*/) {
  at_risk();
}

void BridgeProcess::unsubscribes(const std::string& /*user*/, const std::string& pattern) {
  if (pattern != subjects_.intents().str()) return;
  at_risk();
  observer_.left_group(id());
}

void BridgeProcess::logs(daemon::LogLevel /*level*/, std::string_view event,
                         daemon::LogFields fields) {
  const std::string_view text = field(fields, "text");
  ground().trace.note(ground().timeline.now(), text,
                      [&] { return fmt::format("{}: {} {}", name(), event, text); });
  if (event != "alarm") return;
  alarmed_ = true;
  // Somebody looks into it and starts the bridge anew.
  const bool is_for_good = text.starts_with("closed for good");
  if (!is_for_good && text.find("its log went back") == std::string_view::npos) return;
  if (is_for_good) observer_.closed_for_good(id(), std::string(text));
  ground().count("bridge closed for good");
  after(ground().random.between(kSecond, kLookedIntoMost), [this] { die(kGone); });
}

}  // namespace estop::sim
