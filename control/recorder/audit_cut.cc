// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/audit_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "schemas/signing.h"

namespace estop::control {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

namespace {

bool is_repeated(const CutRequest& request, const AuditCut& now) {
  return now.through != 0 && request.through == now.through && request.hash == now.hash &&
         request.kept_at == now.kept_at;
}

std::uint64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  const bool is_number = found != object.end() && found->is_number_unsigned();
  return is_number ? found->get<std::uint64_t>() : 0;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<AuditCut> decide_cut(const CutRequest& request, const AuditCut& now, std::uint64_t head,
                            const std::optional<schemas::Hash>& stored) {
  if (is_repeated(request, now)) return now;
  if (request.kept_at.empty() || request.kept_at.size() > kKeptAtMax_bytes) {
    return fail(
        Errc::kBadArgument,
        fmt::format("'kept_at' says where the export is, in at most {} bytes", kKeptAtMax_bytes));
  }
  if (request.through == 0) return fail(Errc::kBadArgument, "'through' is 0: entries begin with 1");
  if (request.through <= now.through) {
    return fail(Errc::kLogConflict,
                fmt::format("entry {} was cut away before: the audit begins at {}, what came "
                            "before is in {}",
                            request.through, now.through + 1, export_of(now, request.through)));
  }
  if (request.through > head) {
    return fail(Errc::kNotFound,
                fmt::format("there is no entry {}: the audit ends at {}", request.through, head));
  }
  if (request.after > now.through) {
    return fail(Errc::kBadArgument,
                fmt::format("the export begins at entry {}, the audit at {}: entries would be "
                            "lost. Export from {} on",
                            request.after + 1, now.through + 1, now.through + 1));
  }
  if (stored != request.hash) {
    return fail(Errc::kLogConflict,
                fmt::format("entry {} of the export is not the audit's: export it again from this "
                            "Estop",
                            request.through));
  }
  AuditCut cut{.through = request.through,
               .hash = request.hash,
               .lines = request.through - now.through,
               .kept_at = request.kept_at,
               .reason = request.reason,
               .earlier = now.earlier,
               .actor = request.actor,
               .at_ms = request.at_ms};
  if (now.through != 0) cut.earlier.insert(cut.earlier.begin(), {now.through, now.kept_at});
  cut.earlier.resize(std::min(cut.earlier.size(), kEarlierCutsMax));
  return cut;
}

std::string export_of(const AuditCut& cut, std::uint64_t number) {
  if (number > cut.through) return {};
  std::string kept_at = cut.kept_at;
  for (const AuditExport& earlier : cut.earlier) {
    if (number > earlier.through) break;
    kept_at = earlier.kept_at;
  }
  return kept_at;
}

std::string exports_of(const AuditCut& cut) {
  std::string all = cut.kept_at;
  for (const AuditExport& earlier : cut.earlier) all += " or " + earlier.kept_at;
  return all;
}

AuditEntry cut_line(const AuditCut& cut) {
  json earlier = json::array();
  for (const AuditExport& each : cut.earlier) {
    earlier.push_back({{"through", each.through}, {"kept_at", each.kept_at}});
  }
  const json detail{{"through", cut.through}, {"hash", schemas::hex(cut.hash)},
                    {"lines", cut.lines},     {"kept_at", cut.kept_at},
                    {"reason", cut.reason},   {"earlier", std::move(earlier)}};
  return {.kind = std::string(kAuditCutKind),
          .actor = cut.actor,
          .subject = std::to_string(cut.through),
          .op_id = {},
          .detail = detail.dump(-1, ' ', false, json::error_handler_t::replace),
          .at_ms = cut.at_ms};
}

std::optional<AuditCut> read_cut_line(const AuditRow& row) {
  const json detail = json::parse(row.entry.detail, nullptr, false);
  const auto hash = schemas::hash_from_hex(detail.is_object() ? text_of(detail, "hash") : "");
  if (row.entry.kind != kAuditCutKind || !hash) return std::nullopt;
  AuditCut cut{.through = number_of(detail, "through"),
               .hash = *hash,
               .lines = number_of(detail, "lines"),
               .kept_at = text_of(detail, "kept_at"),
               .reason = text_of(detail, "reason"),
               .earlier = {},
               .number = row.number,
               .actor = row.entry.actor,
               .at_ms = row.entry.at_ms};
  // The database reads the subject, which decides what it lets go.
  const bool fits = cut.through != 0 && cut.through < row.number;
  if (!fits || row.entry.subject != std::to_string(cut.through)) return std::nullopt;
  const auto earlier = detail.find("earlier");
  if (earlier == detail.end() || !earlier->is_array()) return cut;
  for (const json& each : *earlier) {
    if (!each.is_object() || cut.earlier.size() == kEarlierCutsMax) break;
    cut.earlier.push_back({number_of(each, "through"), text_of(each, "kept_at")});
  }
  return cut;
}

}  // namespace estop::control
