// SPDX-License-Identifier: Apache-2.0

// watch: what happens, as it happens, and what was missed from the audit.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "control/cli/answer.h"
#include "control/cli/commands.h"
#include "control/cli/feed.h"
#include "control/cli/pages.h"
#include "control/cli/views.h"

namespace estop::cli {
namespace {

using nlohmann::json;
using schemas::Result;

constexpr std::uint32_t kQuestionWait_ms = 5'000;
constexpr std::uint32_t kPage_rows = 1'000;

class Watcher {
 public:
  Watcher(Session& session, const Common& common, const Watch& watch, Terminal& terminal)
      : session_(session),
        common_(common),
        watch_(watch),
        terminal_(terminal),
        place_(watch.after) {}

  Result<void> run() {
    return session_.watch({.event = [this](std::string_view text) { return hear(text); },
                           .was_away = [this] { place_.was_away(); },
                           .is_due = [this] { return place_.is_behind() || !place_.has_place(); },
                           .catch_up = [this] { return catch_up(); }});
  }

 private:
  // False: nobody reads any more.
  bool hear(std::string_view text) {
    const json event = parse_answer(text);
    if (error_of(event) || !place_.takes(number(event, "number"))) return can_write();
    return show(event);
  }

  bool show(const json& event) {
    if (watch_.filter && !concerns(event, *watch_.filter)) return can_write();
    const bool as_json = common_.format == Format::kJson || common_.format == Format::kJsonl;
    terminal_.out << (as_json ? json_text(event) : event_line(event)) << '\n' << std::flush;
    return can_write();
  }

  [[nodiscard]] bool can_write() const { return static_cast<bool>(terminal_.out); }

  Result<json> ask(const json& request) {
    return ask_page(session_, "audit", request, common_.timeout_ms.value_or(kQuestionWait_ms));
  }

  // A page at a time, however much was missed.
  Result<void> catch_up() {
    if (!place_.has_place()) return find_place();
    for (bool has_more = true; has_more && can_write();) {
      const auto answer = ask({{"after", place_.last()}, {"limit", kPage_rows}});
      if (!answer) return tl::make_unexpected(answer.error());
      if (has(*answer, "cut")) terminal_.err << "estop: " << view_cut(answer->at("cut")) << '\n';
      for (json& row : items(*answer, "rows")) {
        place_.took(number(row, "number"));
        row.erase("prev");
        row.erase("hash");
        show(row);
      }
      has_more = has(*answer, "next");
    }
    place_.caught_up();
    return {};
  }

  Result<void> find_place() {
    const auto answer = ask({{"newest_first", true}, {"limit", 1}});
    if (!answer) return tl::make_unexpected(answer.error());
    const auto rows = items(*answer, "rows");
    place_.begins_at(rows.empty() ? 0 : number(rows.front(), "number"));
    return {};
  }

  Session& session_;
  const Common& common_;
  const Watch& watch_;
  Terminal& terminal_;
  FeedPlace place_;
};

}  // namespace

ExitStatus run_watch(const Common& common, const Watch& watch, Terminal& terminal) {
  auto session = open_session(common, terminal);
  if (!session) return fail_with(session.error(), terminal);
  const auto watched = Watcher(*session, common, watch, terminal).run();
  return watched ? ExitStatus::kOk : fail_with(watched.error(), terminal);
}

}  // namespace estop::cli
