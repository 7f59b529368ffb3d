// SPDX-License-Identifier: Apache-2.0
#include "control/core/turn.h"

#include <utility>

namespace estop::control {

namespace {

const std::string& kind_of(const AuditLine& line) {
  return line.kind;
}
const std::string& kind_of(const AuditRow& row) {
  return row.entry.kind;
}

}  // namespace

bool AlarmsTold::is_due(const std::string& kind, const std::string& subject, std::uint64_t now_us) {
  std::uint64_t& told = told_[kind + " " + subject];
  if (told != 0 && now_us < told + kAlarmAgain_us) return false;
  told = now_us;
  return true;
}

void AlarmsTold::forget_old(std::uint64_t now_us) {
  std::erase_if(told_, [&](const auto& one) { return now_us >= one.second + kAlarmAgain_us; });
}

std::optional<Fact> Turn::next_fact() {
  if (facts_.empty()) return std::nullopt;
  Fact fact = std::move(facts_.front());
  facts_.pop_front();
  return fact;
}

void Turn::note(AuditLine line) {
  out.push_back(WriteAudit{std::move(line)});
}

void Turn::publish(FeedLine line) {
  auto kind = schemas::Segment::parse(
      std::visit([](const auto& one) -> const std::string& { return kind_of(one); }, line));
  if (kind) out.push_back(PublishEvent{std::move(*kind), std::move(line)});
}

void Turn::answer(const Asker& asker, Reply reply) {
  out.push_back(Answer{asker, std::move(reply)});
}

void Turn::alarm(const std::string& kind, const std::string& subject, const std::string& detail) {
  if (!told_.is_due(kind, subject, now.boot_us)) return;
  ++counters.alarms;
  out.push_back(Alarm{kind, subject.empty() ? detail : subject + ": " + detail});
  note(audit_line(now, "alarm-" + kind, "control", subject, {}, OneText{"problem", detail}));
}

void Turn::refuse(const CommandReceived& asked, const schemas::Error& error) {
  ++counters.commands_refused[error.code];
  answer(asked.asker, Refused{error});
  note(audit_line(now, "refused", asked.actor, asked.verb, {},
                  OneText{"error", schemas::to_string(error)}));
}

}  // namespace estop::control
