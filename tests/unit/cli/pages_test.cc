// SPDX-License-Identifier: Apache-2.0

// Which page is asked for next.
#include "control/cli/pages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace estop::cli {
namespace {

using nlohmann::json;

struct Case {
  const char* name;
  json request;
  json answer;
  json next;
};

TEST(CliPages, GoOnWhereTheAnswerSaysUntilItSaysNothing) {
  const json two_rows = {json::object(), json::object()};
  const Case cases[] = {
      {"the last one", {{"wide", true}}, {{"done", true}}, nullptr},
      {"a cursor of text",
       {{"wide", true}},
       {{"next", "agent/a b"}},
       {{"wide", true}, {"after", "agent/a b"}}},
      {"it does not move", {{"after", "agent/a b"}}, {{"next", "agent/a b"}}, nullptr},
      {"the audit, oldest first",
       {{"after", 1U}, {"limit", 10U}},
       {{"next", 3U}, {"rows", two_rows}},
       {{"after", 3U}, {"limit", 8U}}},
      {"the audit, newest first",
       {{"newest_first", true}, {"limit", 10U}},
       {{"next", 90U}, {"rows", two_rows}},
       {{"newest_first", true}, {"before", 90U}, {"limit", 8U}}},
      {"as many rows as were wanted", {{"limit", 2U}}, {{"next", 3U}, {"rows", two_rows}}, nullptr},
  };
  for (const Case& row : cases) EXPECT_EQ(next_page(row.request, row.answer), row.next) << row.name;
}

}  // namespace
}  // namespace estop::cli
