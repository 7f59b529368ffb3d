// SPDX-License-Identifier: Apache-2.0

// A question whose answer may need more than one message: asked page by page until all is there.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "control/cli/session.h"
#include "control/cli/views.h"

namespace estop::cli {

// Every answer up to the last page's; an error that control answers is an error here. `timeout_ms`
// is for each page. With a `limit` in the request the rows of all pages together are no more.
[[nodiscard]] schemas::Result<Answers> ask_pages(Session& session, std::string_view verb,
                                                 const nlohmann::json& request,
                                                 std::uint32_t timeout_ms);

// One page: the last answer to `request`.
[[nodiscard]] schemas::Result<nlohmann::json> ask_page(Session& session, std::string_view verb,
                                                       const nlohmann::json& request,
                                                       std::uint32_t timeout_ms);

// The request for the page behind `answer`; null: that was the last one. The cursor of the audit is
// a number, and backwards it bounds from above.
[[nodiscard]] nlohmann::json next_page(const nlohmann::json& request, const nlohmann::json& answer);

}  // namespace estop::cli
