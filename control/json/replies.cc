// SPDX-License-Identifier: Apache-2.0
#include "control/json/replies.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/json/json_text.h"
#include "control/recorder/audit_cut.h"
#include "schemas/signing.h"

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
json line_of(const AuditEntry& entry) {
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

json shown(const Refused& refused) {
  const schemas::Error& error = refused.error;
  const std::string detail =
      error.detail.empty() ? std::string(sentence(error.code)) : error.detail;
  return {{"error",
           {{"code", static_cast<int>(error.code)},
            {"name", schemas::name(error.code)},
            {"detail", detail}}},
          {"done", true}};
}

json shown(const Accepted& accepted) {
  json answer = {{"stage", "accepted"}, {"op_id", accepted.op_id}, {"seq", accepted.seq}};
  const std::vector<std::string>& warnings = accepted.warnings;
  if (!warnings.empty()) {
    const std::size_t shown = std::min(warnings.size(), kWarningsShown);
    std::string all =
        fmt::format("{}", fmt::join(warnings.begin(), warnings.begin() + shown, "; "));
    if (shown < warnings.size()) all += fmt::format("; and {} more", warnings.size() - shown);
    answer["warning"] = std::move(all);
  }
  return answer;
}

json shown(const Approved& approved) {
  json answer = {{"stage", "approved"}, {"waiting", approved.by.empty()}};
  if (!approved.by.empty()) answer["by"] = approved.by;
  return answer;
}

json shown(const CommittedAt& committed) {
  return {{"stage", "committed"}, {"seq", committed.seq}};
}

json shown(const DurableAt& durable) {
  json answer = {{"stage", "durable"}};
  if (durable.audit_number != 0) answer["audit"] = durable.audit_number;
  if (!durable.kept_at.empty()) answer["kept_at"] = durable.kept_at;
  return answer;
}

json shown(const Gathered& gathered) {
  json answer = {{"stage", gathered.is_kill ? "fenced" : "opened"},
                 {"n", gathered.confirmed},
                 {"of", gathered.of}};
  if (gathered.took_us) answer["us"] = *gathered.took_us;
  if (!gathered.missing.empty()) answer["missing"] = gathered.missing;
  if (!gathered.outlived.empty()) answer["outlived"] = gathered.outlived;
  if (gathered.of == 0) answer["warning"] = "no bridge is open";
  if (gathered.is_kill) answer["forwarded_before"] = gathered.forwarded_before;
  return answer;
}

json shown(const StoppedSoFar& stopped) {
  return {{"stage", "stopped"},
          {"n", stopped.confirmed},
          {"of", stopped.of},
          {"missing", stopped.missing}};
}

json shown(const RevokedSoFar& revoked) {
  json answer = {{"stage", "revoked"}, {"n", revoked.credentials.value_or(0)}};
  if (!revoked.credentials) answer["problem"] = schemas::to_string(revoked.credentials.error());
  return answer;
}

json shown(const RevokedByName& revoked) {
  return {{"revoked", revoked.credentials}, {"done", true}};
}

json shown(const Ended& ended) {
  json answer = {{"stage", "done"},
                 {"op_id", ended.op_id},
                 {"done", true},
                 {"ok", ended.unreached == 0},
                 {"reached", names(ended.reached)}};
  if (ended.unreached != 0) answer["unreached"] = names(ended.unreached);
  return answer;
}

// The last page has fewer rows than were asked for. A single row that fits no message shows how
// long its detail is.
json shown(const AuditPage& page) {
  constexpr std::size_t kRest_bytes = 4 * 1024;  // of the answer around the rows
  json list = json::array();
  std::size_t bytes = 0;
  bool is_cut = false;
  for (const AuditRow& row : page.rows) {
    json line = line_of(row.entry);
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
  const AuditQuery& asked = page.asked;
  const bool was_full = page.rows.size() >= asked.limit || bytes_of(page.rows) >= asked.max_bytes;
  json answer = {{"done", true}};
  if (!list.empty() && (is_cut || was_full)) answer["next"] = list.back()["number"];
  const bool is_at_the_cut = !asked.newest_first || !answer.contains("next");
  if (asked.after < page.begins.through && is_at_the_cut) answer["cut"] = cut_of(page.begins);
  answer["rows"] = std::move(list);
  return answer;
}

json shown(const CutDone& done) {
  return {{"cut", cut_of(done.cut)}, {"done", true}};
}

json shown(const Verified& verified) {
  const AuditVerdict& verdict = verified.verdict;
  json answer = {{"ok", verdict.ok}, {"rows", verdict.rows}, {"done", true}};
  if (!verdict.ok) answer["first_bad"] = verdict.first_bad;
  if (!verdict.problem.empty()) answer["problem"] = verdict.problem;
  if (verdict.beginning.through != 0) answer["cut"] = cut_of(verdict.beginning);
  return answer;
}

template <class Page>
json shown(const Page& page) {
  return shown_page(page);
}

}  // namespace

std::string to_json(const Reply& reply) {
  return text(std::visit([](const auto& one) { return shown(one); }, reply));
}

std::string event_json(const AuditRow& row) {
  json event = line_of(row.entry);
  event["number"] = row.number;
  return text(event);
}

std::string event_json(const AuditLine& line) {
  return text(line_of(entry_of(line)));
}

}  // namespace estop::control
