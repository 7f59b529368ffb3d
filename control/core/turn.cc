// SPDX-License-Identifier: Apache-2.0
#include "control/core/turn.h"

#include <utility>

#include "control/core/log/log_entry.h"
#include "control/core/questions/answers.h"

namespace estop::control {

bool AlarmsTold::is_due(const std::string& kind, const std::string& subject, std::uint64_t now_us) {
  std::uint64_t& told = told_[kind + " " + subject];
  if (told != 0 && now_us < told + kAlarmAgain_us) return false;
  told = now_us;
  return true;
}

void AlarmsTold::forget_old(std::uint64_t now_us) {
  std::erase_if(told_, [&](const auto& one) { return now_us >= one.second + kAlarmAgain_us; });
}

void Turn::note(AuditEntry entry) {
  out.push_back(WriteAudit{std::move(entry)});
}

void Turn::publish(const AuditEntry& entry, std::uint64_t number) {
  auto kind = schemas::Segment::parse(entry.kind);
  if (kind) out.push_back(PublishEvent{std::move(*kind), entry, number});
}

void Turn::alarm(const std::string& kind, const std::string& subject, const std::string& detail) {
  if (!told_.is_due(kind, subject, now.boot_us)) return;
  ++counters.alarms;
  out.push_back(Alarm{kind, subject.empty() ? detail : subject + ": " + detail});
  note(audit_line(now, "alarm-" + kind, "control", subject, {}, text_detail("problem", detail)));
}

void Turn::refuse(const CommandReceived& asked, const schemas::Error& error) {
  ++counters.commands_refused[error.code];
  out.push_back(Answer{asked.asker, error_json(error)});
  note(audit_line(now, "refused", asked.actor, asked.verb, {},
                  text_detail("error", schemas::to_string(error))));
}

}  // namespace estop::control
