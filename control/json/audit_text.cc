// SPDX-License-Identifier: Apache-2.0

// Lines of the audit: their details as the recorder keeps them, and the live feed.
#include <nlohmann/json.hpp>
#include <utility>

#include "control/json/commands.h"
#include "control/json/json_text.h"
#include "control/json/replies.h"

namespace estop::control {

using nlohmann::json;

namespace {

std::string detail_text(const NoDetail&) {
  return "{}";
}
std::string detail_text(const OneText& one) {
  return text({{one.name, one.text}});
}

std::string detail_text(const OrderGiven& given) {
  const schemas::Record& record = given.record;
  json detail = {{"reason", record.reason}};
  if (const auto* kill = std::get_if<schemas::Kill>(&record.body)) {
    if (!kill->given_as.empty()) detail["given_as"] = kill->given_as;
    detail["mode"] = name(kill->mode);
    detail["grace_ms"] = kill->grace_ms;
  } else {
    const schemas::Resume& resume = record.resume();
    if (resume.through.place.seq == 0) detail["lifts"] = resume.lifts;
    if (resume.through.place.seq != 0) detail["through"] = through_json(resume.through);
    detail["pending"] = name(resume.pending);
  }
  return text(detail);
}

std::string detail_text(const KillAdopted& adopted) {
  json detail = {{"from", adopted.from}, {"reason", adopted.kill.reason}};
  const std::string& given_as = adopted.kill.kill().given_as;
  if (!given_as.empty()) detail["given_as"] = given_as;
  return text(detail);
}

std::string detail_text(const SeenInStream& seen) {
  return text({{"from", "stream"}, {"seq", seen.seq}});
}

std::string detail_text(const Gathered& gathered) {
  return to_json(gathered);
}
std::string detail_text(const StoppedSoFar& stopped) {
  return to_json(stopped);
}

std::string detail_text(const CredentialsWithdrawn& withdrawn) {
  return text({{"credentials", withdrawn.credentials}, {"reason", withdrawn.reason}});
}

std::string detail_text(const InstanceStopped& stopped) {
  return text({{"cancelled", stopped.cancelled}, {"dropped", stopped.dropped}, {"us", stopped.us}});
}

std::string detail_text(const MoreOfIt& more) {
  return text({{"more", more.more}, {"in_s", more.in_s}});
}

}  // namespace

AuditEntry entry_of(const AuditLine& line) {
  std::string detail = std::visit([](const auto& one) { return detail_text(one); }, line.detail);
  return {line.kind, line.actor, line.subject, line.op_id, std::move(detail), line.at_ms};
}

}  // namespace estop::control
