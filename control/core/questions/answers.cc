// SPDX-License-Identifier: Apache-2.0
#include "control/core/questions/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/core/questions/json_text.h"
#include "control/recorder/audit_cut.h"
#include "schemas/printable.h"

namespace estop::control {

using nlohmann::json;

std::string text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

namespace {

json names(StageSet stages) {
  json list = json::array();
  for (const Stage stage : {Stage::kApproved, Stage::kFenced, Stage::kStopped, Stage::kRevoked,
                            Stage::kCommitted, Stage::kDurable, Stage::kOpened}) {
    if ((stages & bit(stage)) != 0) list.push_back(name(stage));
  }
  return list;
}

json detail_of(const AuditEntry& entry) {
  json detail = json::parse(entry.detail, nullptr, false);
  return detail.is_discarded() ? json::object() : detail;
}

// The text of `detail` enters the hash of the line. It is given besides if it cannot be made from
// the object again.
json entry_of(const AuditEntry& entry) {
  json line = {{"kind", entry.kind},   {"actor", entry.actor}, {"subject", entry.subject},
               {"op_id", entry.op_id}, {"at_ms", entry.at_ms}, {"detail", detail_of(entry)}};
  if (text(line["detail"]) != entry.detail) line["detail_text"] = entry.detail;
  return line;
}

// Where the audit begins.
json cut_of(const AuditCut& cut) {
  json earlier = json::array();
  for (const AuditExport& each : cut.earlier) {
    earlier.push_back({{"through", each.through}, {"kept_at", each.kept_at}});
  }
  return {{"through", cut.through},
          {"hash", schemas::hex(cut.hash)},
          {"lines", cut.lines},
          {"kept_at", cut.kept_at},
          {"earlier", std::move(earlier)},
          {"reason", cut.reason},
          {"number", cut.number},
          {"actor", cut.actor},
          {"at_ms", cut.at_ms}};
}

std::size_t bytes_of(const std::vector<AuditRow>& rows) {
  std::size_t bytes = 0;
  for (const AuditRow& row : rows) bytes += text_bytes(row.entry);
  return bytes;
}

}  // namespace

std::string error_json(const schemas::Error& error) {
  const std::string detail =
      error.detail.empty() ? std::string(sentence(error.code)) : error.detail;
  return text({{"error",
                {{"code", static_cast<int>(error.code)},
                 {"name", schemas::name(error.code)},
                 {"detail", detail}}},
               {"done", true}});
}

std::string accepted_json(const std::string& op_id, std::uint64_t seq,
                          const std::vector<std::string>& warnings) {
  json answer = {{"stage", "accepted"}, {"op_id", op_id}, {"seq", seq}};
  if (!warnings.empty()) {
    const std::size_t shown = std::min(warnings.size(), kWarningsShown);
    std::string all =
        fmt::format("{}", fmt::join(warnings.begin(), warnings.begin() + shown, "; "));
    if (shown < warnings.size()) all += fmt::format("; and {} more", warnings.size() - shown);
    answer["warning"] = std::move(all);
  }
  return text(answer);
}

std::string committed_json(std::uint64_t seq) {
  return text({{"stage", "committed"}, {"seq", seq}});
}

std::string durable_json(const OpState& op, const AuditCut& begins) {
  json answer = {{"stage", "durable"}};
  if (op.audit_number != 0) answer["audit"] = op.audit_number;
  const bool is_gone = op.audit_number != 0 ? op.audit_number <= begins.through : op.is_line_gone;
  if (!is_gone || begins.through == 0) return text(answer);
  answer["kept_at"] =
      op.audit_number != 0 ? export_of(begins, op.audit_number) : exports_of(begins);
  return text(answer);
}

namespace {

// One entry for each process: two of one id are two bridges.
json ids_of(const std::set<BridgeName>& bridges) {
  json ids = json::array();
  for (const BridgeName& name : bridges) ids.push_back(name.id);
  return ids;
}

}  // namespace

std::string gathering_json(const Gathering& gathering) {
  json answer = {{"stage", gathering.is_kill ? "fenced" : "opened"},
                 {"n", gathering.confirmed.size() + gathering.outlived.size()},
                 {"of", gathering.of()}};
  if (gathering.done_us != 0) answer["us"] = gathering.done_us - gathering.started_us;
  if (!gathering.waiting.empty()) answer["missing"] = ids_of(gathering.waiting);
  if (!gathering.outlived.empty()) answer["outlived"] = ids_of(gathering.outlived);
  if (gathering.of() == 0) answer["warning"] = "no bridge is open";
  if (gathering.is_kill) {
    answer["forwarded_before"] = gathering.forwarded_before;
  }
  return text(answer);
}

std::string stopped_json(const StopCount& count) {
  json missing = json::array();
  for (const LifeName& life : count.missing) {
    if (missing.size() == kMissingShown) break;
    missing.push_back(life.instance);
  }
  return text({{"stage", "stopped"},
               {"n", count.confirmed.size()},
               {"of", count.of()},
               {"missing", std::move(missing)}});
}

std::string revoked_json(const schemas::Result<std::size_t>& credentials) {
  if (credentials) return text({{"stage", "revoked"}, {"n", *credentials}});
  return text(
      {{"stage", "revoked"}, {"n", 0}, {"problem", schemas::to_string(credentials.error())}});
}

std::string revoked_done_json(std::size_t credentials) {
  return text({{"revoked", credentials}, {"done", true}});
}

std::string stream_sentence(const std::string& problem) {
  return fmt::format(
      "the broker's stream takes no records{}: make room on the broker's disk, and if it has room, "
      "restart the broker",
      problem.empty() ? "" : " (" + problem + ")");
}

std::string revoked_detail(std::size_t credentials, const std::string& reason) {
  return text({{"credentials", credentials}, {"reason", reason}});
}

std::string approved_json(const std::string& by) {
  json answer = {{"stage", "approved"}, {"waiting", by.empty()}};
  if (!by.empty()) answer["by"] = by;
  return text(answer);
}

std::string done_json(const std::string& op_id, StageSet reached, StageSet wait) {
  const auto unreached = static_cast<StageSet>(wait & ~reached);
  json answer = {{"stage", "done"},
                 {"op_id", op_id},
                 {"done", true},
                 {"ok", unreached == 0},
                 {"reached", names(reached)}};
  if (unreached != 0) answer["unreached"] = names(unreached);
  return text(answer);
}

// The last page has fewer rows than were asked for. A single row that fits no message shows how
// long its detail is.
std::string audit_json(const std::vector<AuditRow>& rows, const AuditQuery& asked,
                       const AuditCut& begins) {
  constexpr std::size_t kRest_bytes = 4 * 1024;  // of the answer around the rows
  json list = json::array();
  std::size_t bytes = 0;
  bool is_cut = false;
  for (const AuditRow& row : rows) {
    json line = entry_of(row.entry);
    line["number"] = row.number;
    line["prev"] = schemas::hex(row.prev);
    line["hash"] = schemas::hex(row.hash);
    std::size_t size = text(line).size() + 1;
    is_cut = !list.empty() && bytes + size > kPageMax_bytes;
    if (is_cut) break;
    if (size > schemas::kMessageMax_bytes - kRest_bytes) {
      line["detail"] = {{"too_large_to_show_bytes", row.entry.detail.size()}};
      size = text(line).size();
    }
    bytes += size;
    list.push_back(std::move(line));
  }
  // Behind the last row that the recorder's own bounds let through there may be more.
  const bool was_full = rows.size() >= asked.limit || bytes_of(rows) >= asked.max_bytes;
  json answer = {{"done", true}};
  if (!list.empty() && (is_cut || was_full)) answer["next"] = list.back()["number"];
  const bool is_at_the_cut = !asked.newest_first || !answer.contains("next");
  if (asked.after < begins.through && is_at_the_cut) answer["cut"] = cut_of(begins);
  answer["rows"] = std::move(list);
  return text(answer);
}

std::string cut_json(const AuditCut& cut) {
  return text({{"cut", cut_of(cut)}, {"done", true}});
}

std::string verdict_json(const AuditVerdict& verdict) {
  json answer = {{"ok", verdict.ok}, {"rows", verdict.rows}, {"done", true}};
  if (!verdict.ok) answer["first_bad"] = verdict.first_bad;
  if (!verdict.problem.empty()) answer["problem"] = verdict.problem;
  if (verdict.beginning.through != 0) answer["cut"] = cut_of(verdict.beginning);
  return text(answer);
}

std::string event_json(const PublishEvent& published) {
  json event = entry_of(published.entry);
  if (published.number != 0) event["number"] = published.number;
  return text(event);
}

std::string order_detail(const schemas::Record& record) {
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

std::string text_detail(const char* key, const std::string& value) {
  return text({{key, value}});
}

std::string adopted_detail(const std::string& from, const schemas::Record& kill) {
  json detail = {{"from", from}, {"reason", kill.reason}};
  const std::string& given_as = kill.kill().given_as;
  if (!given_as.empty()) detail["given_as"] = given_as;
  return text(detail);
}

std::string kill_sentence(const schemas::Latch& latch) {
  return fmt::format("{} killed by {} since {} (op {}): {}", latch.scope.text(), latch.actor,
                     schemas::utc_text(latch.since_ms), latch.op_id, latch.reason);
}

}  // namespace estop::control
