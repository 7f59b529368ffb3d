// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/audit_scan.h"

#include <fmt/format.h>

#include <algorithm>

namespace estop::control {

namespace {

std::uint64_t end_of(std::uint64_t head, std::uint64_t before) {
  return before == 0 ? head : std::min(head, before - 1);
}

}  // namespace

AuditListing::AuditListing(AuditTable& table, AuditQuery query)
    : table_(table),
      query_(std::move(query)),
      low_(std::max(query_.after, table.beginning().through)),
      high_(std::max(end_of(table.head().number, query_.before), low_)) {}

bool AuditListing::step() {
  // Lines of one order have an index: few are read, wherever they are.
  const bool is_whole = !query_.op_id.empty();
  const std::uint64_t size = is_whole ? high_ - low_ : std::min(high_ - low_, kScanSlice_rows);
  const std::uint64_t first = query_.newest_first ? high_ - size : low_;
  auto found = table_.find(query_, first, first + size,
                           {query_.limit - rows_.size(), query_.max_bytes - bytes_});
  for (AuditRow& row : found) {
    bytes_ = std::min(query_.max_bytes, bytes_ + text_bytes(row.entry));
    rows_.push_back(std::move(row));
  }
  (query_.newest_first ? high_ : low_) = query_.newest_first ? first : first + size;
  return low_ == high_ || rows_.size() >= query_.limit || bytes_ >= query_.max_bytes;
}

AuditVerification::AuditVerification(AuditTable& table, std::optional<ChainHead> anchor,
                                     std::uint64_t from)
    : table_(table), anchor_(anchor), from_(from), end_(table.head()) {}

bool AuditVerification::step() {
  if (!begun_ && !check_ends()) return true;
  begun_ = true;
  // Also what was cut away since the step before.
  const AuditCut& cut = table_.beginning();
  if (at_.number < cut.through) at_ = {cut.through, cut.hash};
  verdict_.ok = at_.number > end_.number;
  if (verdict_.ok) return true;
  const std::uint64_t last = std::min(at_.number + kScanSlice_rows, end_.number);
  table_.read(at_.number, last, [this](AuditRow row) { return check(std::move(row)); });
  if (verdict_.first_bad != 0) return true;
  if (at_.number < last)
    return !bad(at_.number + 1, fmt::format("row {} is missing", at_.number + 1));
  if (at_.number < end_.number) return false;
  if (at_.hash != end_.hash) {
    return !bad(end_.number, fmt::format("row {} is not the one that was written", end_.number));
  }
  verdict_.ok = true;
  return true;
}

bool AuditVerification::check_anchor(const ChainHead& stored) {
  if (!anchor_ || anchor_->number == 0) return true;
  if (stored.number < anchor_->number) {
    return bad(stored.number + 1,
               fmt::format("the database ends at row {}, but the anchor says {}: it was truncated "
                           "or restored from an older copy",
                           stored.number, anchor_->number));
  }
  const AuditCut& cut = table_.beginning();
  if (anchor_->number < cut.through) return true;  // that row may be gone
  const auto hash =
      anchor_->number == cut.through ? std::optional(cut.hash) : table_.hash_of(anchor_->number);
  if (hash == anchor_->hash) return true;
  return bad(anchor_->number,
             fmt::format("row {} is not the one that the anchor remembers", anchor_->number));
}

bool AuditVerification::check_ends() {
  end_ = table_.head();  // it may have waited behind another scan
  const ChainHead stored = table_.stored_head();
  if (!check_anchor(stored)) return false;
  const AuditCut& cut = table_.beginning();
  if (table_.stored_beginning() != cut) {
    return bad(cut.through + 1,
               "the newest line about what was cut away is not the one that was "
               "written, or cannot be read");
  }
  if (stored != end_) {
    return bad(std::min(stored.number, end_.number) + 1,
               fmt::format("the database ends at row {}, but row {} was written last",
                           stored.number, end_.number));
  }
  if (from_ > 0) at_ = {from_, table_.hash_of(from_).value_or(schemas::Hash{})};
  if (from_ <= cut.through) at_ = {cut.through, cut.hash};
  verdict_.beginning = cut;
  return true;
}

bool AuditVerification::check(AuditRow row) {
  const std::uint64_t expected = at_.number + 1;
  if (row.number != expected) return bad(expected, fmt::format("row {} is missing", expected));
  if (row.prev != at_.hash) {
    return bad(expected, fmt::format("row {} does not follow the row before it", expected));
  }
  if (audit_hash(row) != row.hash) {
    return bad(expected, fmt::format("row {} was changed: its hash does not fit", expected));
  }
  at_ = {row.number, row.hash};
  ++verdict_.rows;
  return true;
}

bool AuditVerification::bad(std::uint64_t number, std::string problem) {
  verdict_.first_bad = number;
  verdict_.problem = std::move(problem);
  return false;
}

}  // namespace estop::control
