// SPDX-License-Identifier: Apache-2.0

// Asks a question whose answer may need more than one message: page by page until all is there.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "control/cli/session.h"
#include "control/cli/views.h"

namespace estop::cli {

// Returns every answer up to the last page's; an error from control is an error here. `timeout_ms`
// is for each page. With a `limit` in the request all pages together have at most that many rows.
[[nodiscard]] schemas::Result<Answers> ask_pages(Session& session, std::string_view verb,
                                                 const nlohmann::json& request,
                                                 std::uint32_t timeout_ms);

// One page: the last answer to `request`.
[[nodiscard]] schemas::Result<nlohmann::json> ask_page(Session& session, std::string_view verb,
                                                       const nlohmann::json& request,
                                                       std::uint32_t timeout_ms);

// The request for the page after `answer`; null: that was the last one. The cursor of the audit is
// a number; with `newest_first` it bounds the page from above.
[[nodiscard]] nlohmann::json next_page(const nlohmann::json& request, const nlohmann::json& answer);

}  // namespace estop::cli
