// SPDX-License-Identifier: Apache-2.0

// Where the audit begins, after older lines were exported and cut away.
//
// A cut writes one line of the kind `audit-cut` at the end of the chain: the number and hash of the
// newest line that it takes (which is its subject, too), how many it takes, and where they were
// exported to. That line is the new beginning of the chain: the first line that is left has to
// follow the hash that it names. A part that is missing without such a line is damage. The lines
// themselves are deleted afterwards, in parts; nobody reads them any more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/recorder/rows.h"
#include "schemas/result.h"

namespace estop::control {

inline constexpr std::string_view kAuditCutKind = "audit-cut";

// What a cut would leave, without the number of its line. `now`: the cut that holds; `head`: number
// of the newest line; `stored`: hash of the line `through`, if there is one. The same request again
// gives the cut that holds. kBadArgument, kNotFound, kLogConflict: what does not fit, and what to
// do.
[[nodiscard]] schemas::Result<AuditCut> decide_cut(const CutRequest& request, const AuditCut& now,
                                                   std::uint64_t head,
                                                   const std::optional<schemas::Hash>& stored);

// Where the line `number` was exported to; empty: it was not cut away.
[[nodiscard]] std::string export_of(const AuditCut& cut, std::uint64_t number);

// Of a line whose number is not known: in one of these.
[[nodiscard]] std::string exports_of(const AuditCut& cut);

[[nodiscard]] AuditEntry cut_line(const AuditCut& cut);
// nullopt: the row does not say where the audit begins.
[[nodiscard]] std::optional<AuditCut> read_cut_line(const AuditRow& row);

}  // namespace estop::control
