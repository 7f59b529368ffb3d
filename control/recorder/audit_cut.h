// SPDX-License-Identifier: Apache-2.0

// The beginning of the audit, after older lines were exported and cut away.
//
// A cut writes one line of the kind `audit-cut` at the end of the chain: the number and hash of the
// newest line that it takes (the number is its subject, too), how many lines it takes, and where
// their export is. With that line the chain has a new beginning: the first remaining line has to
// follow the hash that it names. If a part is missing without such a line, the audit is damaged.
// The lines themselves are deleted afterwards, in parts; nothing reads them any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/recorder/rows.h"
#include "schemas/result.h"

namespace estop::control {

inline constexpr std::string_view kAuditCutKind = "audit-cut";

// The beginning that a cut would make, without the number of its line. `now`: the cut that holds;
// `head`: number of the newest line; `stored`: hash of the line `through`, if there is one. The
// same request again returns the cut that holds. kBadArgument, kNotFound, kLogConflict: the misfit,
// and what to do.
[[nodiscard]] schemas::Result<AuditCut> decide_cut(const CutRequest& request, const AuditCut& now,
                                                   std::uint64_t head,
                                                   const std::optional<schemas::Hash>& stored);

// The export that has the line `number`; empty: it was not cut away.
[[nodiscard]] std::string export_of(const AuditCut& cut, std::uint64_t number);

// For a line of unknown number: the exports of which one has it.
[[nodiscard]] std::string exports_of(const AuditCut& cut);

[[nodiscard]] AuditEntry cut_line(const AuditCut& cut);
// nullopt: the row does not name a beginning of the audit.
[[nodiscard]] std::optional<AuditCut> read_cut_line(const AuditRow& row);

}  // namespace estop::control
