// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_message.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "broker-bridge/daemon/http_codec.h"

namespace estop::daemon {

std::string_view HttpRequest::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const HttpField& field) { return field.name == name; });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

HttpAnswer text_answer(int status, std::string text) {
  return {status, HttpAnswer{}.content_type, std::move(text) + '\n', {}};
}

HttpAnswer to_answer(const HttpRefusal& refusal, bool as_json) {
  const std::string title(http_reason(refusal.status));
  HttpAnswer answer =
      text_answer(refusal.status,
                  refusal.detail.empty() ? title : fmt::format("{}: {}", title, refusal.detail));
  if (as_json) {
    nlohmann::json problem{{"type", "about:blank"}, {"title", title}, {"status", refusal.status}};
    if (!refusal.detail.empty()) problem["detail"] = refusal.detail;
    answer.content_type = "application/problem+json";
    answer.body = problem.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  }
  if (!refusal.allow.empty()) answer.fields.push_back({"Allow", refusal.allow});
  return answer;
}

}  // namespace estop::daemon
