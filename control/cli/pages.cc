// SPDX-License-Identifier: Apache-2.0
#include "control/cli/pages.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/cli/answer.h"

namespace estop::cli {

using schemas::Result;

nlohmann::json next_page(const nlohmann::json& request, const nlohmann::json& answer) {
  const auto next = answer.find("next");
  if (next == answer.end()) return nullptr;
  nlohmann::json following = request;
  const char* bound = flag(request, "newest_first") ? "before" : "after";
  if (following.value(bound, nlohmann::json()) == *next) return nullptr;  // it would never end
  following[bound] = *next;
  if (!has(request, "limit")) return following;
  const std::uint64_t limit = number(request, "limit");
  const std::uint64_t shown = items(answer, "rows").size();
  if (shown >= limit) return nullptr;
  following["limit"] = limit - shown;
  return following;
}

Result<nlohmann::json> ask_page(Session& session, std::string_view verb,
                                const nlohmann::json& request, std::uint32_t timeout_ms) {
  nlohmann::json answer;
  const auto asked = session.ask(verb, json_text(request), timeout_ms, [&](std::string_view text) {
    answer = parse_answer(text);
    return !flag(answer, "done");
  });
  if (!asked) return tl::make_unexpected(asked.error());
  if (auto error = error_of(answer)) return tl::make_unexpected(*error);
  return answer;
}

Result<Answers> ask_pages(Session& session, std::string_view verb, const nlohmann::json& request,
                          std::uint32_t timeout_ms) {
  Answers answers;
  for (nlohmann::json page = request; !page.is_null(); page = next_page(page, answers.back())) {
    auto answer = ask_page(session, verb, page, timeout_ms);
    if (!answer) return tl::make_unexpected(answer.error());
    answers.push_back(std::move(*answer));
  }
  return answers;
}

}  // namespace estop::cli
