// SPDX-License-Identifier: Apache-2.0
#include "control/cli/export_chain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/cli/answer.h"
#include "control/recorder/audit_hash.h"
#include "schemas/signing.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

bool is_cut_short(const json& line) {
  const auto detail = line.find("detail");
  return detail != line.end() && detail->is_object() && has(*detail, "too_large_to_show_bytes");
}

// `detail` enters the hash as text: as it was, or as its object is written again.
std::optional<control::AuditRow> row_of(const json& line) {
  const auto prev = schemas::hash_from_hex(text(line, "prev"));
  const auto hash = schemas::hash_from_hex(text(line, "hash"));
  const auto detail = line.find("detail");
  if (!prev || !hash || number(line, "number") == 0 || detail == line.end()) return std::nullopt;
  // What people read has to be what was hashed.
  if (has(line, "detail_text") && !is_cut_short(line)) {
    const json written = json::parse(text(line, "detail_text"), nullptr, false);
    if (*detail != (written.is_object() ? written : json::object())) return std::nullopt;
  }
  control::AuditRow row;
  row.number = number(line, "number");
  row.entry = {text(line, "kind"),
               text(line, "actor"),
               text(line, "subject"),
               text(line, "op_id"),
               has(line, "detail_text") ? text(line, "detail_text") : detail->dump(),
               number(line, "at_ms")};
  row.prev = *prev;
  row.hash = *hash;
  return row;
}

}  // namespace

Result<void> ExportChain::take(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  const auto row = parsed.is_object() ? row_of(parsed) : std::nullopt;
  if (!row) {
    return fail(
        Errc::kMalformed,
        fmt::format("the line behind entry {} is no entry of an audit: export it again", last_));
  }
  if (!is_empty() && row->number != last_ + 1) {
    return fail(Errc::kChainBroken,
                fmt::format("entry {} follows entry {}: what is between them is missing",
                            row->number, last_));
  }
  if (row->prev != hash_ && (!is_empty() || row->number == 1)) {
    return fail(Errc::kChainBroken,
                fmt::format("entry {} does not follow the one before it", row->number));
  }
  if (is_cut_short(parsed)) {
    return fail(Errc::kTooLarge, fmt::format("entry {} is too large for an export: export up to "
                                             "{} with --through",
                                             row->number, row->number - 1));
  }
  if (control::audit_hash(*row) != row->hash) {
    return fail(Errc::kChainBroken,
                fmt::format("entry {} was changed: its hash does not fit", row->number));
  }
  if (is_empty()) first_ = row->number;
  if (is_empty() && marked_ != 0 && marked_ + 1 == row->number) marked_hash_ = row->prev;
  last_ = row->number;
  hash_ = row->hash;
  if (last_ == marked_) marked_hash_ = hash_;
  return {};
}

}  // namespace estop::cli
