// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/control.h"

#include <fmt/format.h>

#include <utility>

#include "schemas/codec.h"
#include "tests/sim/session.h"

namespace estop::sim {

namespace {

constexpr const char* kAgentsUser = "control-agents";
constexpr const char* kControlUser = "control-control";

}  // namespace

ControlProcess::ControlProcess(Ground& ground, Broker& broker, Disk& disk, Observer& observer,
                               ControlSettings settings)
    : Process(ground, "control"),
      disk_(disk),
      observer_(observer),
      settings_(std::move(settings)),
      loop_(*this, broker) {}

bool ControlProcess::is_leading() const {
  return shell_ != nullptr && shell_->core().ledger().is_leading();
}

std::size_t ControlProcess::waits_for_bridges() const {
  const auto now_us = static_cast<std::uint64_t>(boot_now() / kUs);
  return shell_ == nullptr ? 0 : shell_->core().roster().maybe_open(now_us);
}

void ControlProcess::begin() {
  has_failed_ = false;
  observer_.control_began();
  control::ControlIdentity identity{
      .subjects = subjects_,
      .log_key = schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, settings_.log_seed),
      .operators_key = settings_.operators_key,
      .agents_creds = kAgentsUser,
      .control_creds = kControlUser,
      .sys_creds = {},
      .accounts = {},
      .recorder_folder = {},
      .listen = {}};
  shell_ = std::make_unique<control::ControlShell>(
      loop_, settings_.config, std::move(identity), std::move(*control::Recorder::open({})),
      metrics_, [this](bool, const std::string& cause) {
        ground().trace.note(ground().timeline.now(), cause,
                            [&] { return "control stops: " + cause; });
        has_failed_ = true;
      });
  (void)shell_->start();
}

// The process ends with 75 and is started again.
void ControlProcess::flush() {
  loop_.write();
  if (has_failed_) throw Crashed{};
}

void ControlProcess::sends(const std::string& user, const Message& message) {
  at_risk();
  if (user == kControlUser) {
    if (message.subject == subjects_.log().str()) observer_.record_published(message.data);
    if (message.subject == subjects_.lease().str()) observer_.lease_signed(message.data);
    return;
  }
  if (message.subject == subjects_.control_all().str()) {
    return observer_.record_published(message.data);
  }
  if (schemas::decode<schemas::BeatReply>(message.data)) observer_.control_leads();
  observer_.agent_answered(message.subject);
}

void ControlProcess::subscribes(const std::string& /*user*/, const std::string& /*pattern*/) {
  at_risk();
}

void ControlProcess::logs(daemon::LogLevel /*level*/, std::string_view event,
                          daemon::LogFields fields) {
  const std::string_view kind = field(fields, "kind");
  const std::string_view text = field(fields, "text");
  ground().trace.note(ground().timeline.now(), kind,
                      [&] { return fmt::format("control: {} {} {}", event, kind, text); });
  if (event == "alarm") observer_.alarmed(kind, text);
}

}  // namespace estop::sim
