// SPDX-License-Identifier: Apache-2.0

// The sentence for a refused sender: which kill, who ordered it, since when (rule 12). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker-bridge/core/admission/gate.h"
#include "schemas/result.h"

namespace estop::bridge {

// `text` fit for a header value: control characters become spaces.
[[nodiscard]] std::string header_safe(std::string_view text);
// The sentence for a verdict that is not kOk.
[[nodiscard]] std::string explain(const Verdict& verdict, std::uint64_t intent_incarnation);

}  // namespace estop::bridge
