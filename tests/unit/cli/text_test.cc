// SPDX-License-Identifier: Apache-2.0

// Durations, times, tables: as people write and read them.
#include "control/cli/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "control/cli/answer.h"
#include "control/cli/exit_status.h"
#include "control/cli/table.h"

namespace estop::cli {
namespace {

using schemas::Errc;

TEST(CliText, ADurationNeedsAUnit) {
  const struct {
    const char* text;
    std::optional<std::uint32_t> ms;
  } kCases[] = {
      {"0s", 0},           {"500ms", 500}, {"10s", 10'000}, {"2m", 120'000},
      {"24h", 86'400'000}, {"10", {}},     {"", {}},        {"s", {}},
      {"-1s", {}},         {"1.5s", {}},   {"10 s", {}},    {"10sec", {}},
      {"25h", {}},         {"+1s", {}},    {"1s ", {}},     {"9999999999999999999999s", {}},
  };
  for (const auto& c : kCases) {
    const auto parsed = parse_duration_ms(c.text);
    ASSERT_EQ(parsed.has_value(), c.ms.has_value()) << c.text;
    if (parsed) {
      EXPECT_EQ(*parsed, *c.ms) << c.text;
    } else {
      EXPECT_EQ(parsed.error().code, Errc::kBadArgument) << c.text;
    }
  }
}

TEST(CliText, DurationsHaveTheUnitThatFits) {
  const struct {
    std::uint64_t us;
    const char* text;
  } kCases[] = {{610, "0.61 ms"},     {9'990, "9.99 ms"},         {12'000, "12 ms"},
                {3'400'000, "3.4 s"}, {125'000'000, "2 min 5 s"}, {0, "0.00 ms"}};
  for (const auto& c : kCases) EXPECT_EQ(duration_text(c.us), c.text);
}

TEST(CliText, TimesAreUtc) {
  EXPECT_EQ(time_text(1'763'770'500'123), "2025-11-22 00:15:00Z");
  EXPECT_EQ(time_text(0), "-");
}

TEST(CliText, MoneyIsExact) {
  EXPECT_EQ(money_text(1'234'567), "$1.2345");
  EXPECT_EQ(money_text(0), "$0.0000");
}

TEST(CliText, BytesFromElsewhereCannotMoveTheCursor) {
  EXPECT_EQ(shown("a\x1b[2Kb\r\nc\x7f"), "a?[2Kb??c?");
  EXPECT_EQ(shown("grün"), "grün");
}

// Trojan source: what turns the direction of writing shows a scope as another.
TEST(CliText, NeitherCanControlCharactersOfUnicode) {
  const struct {
    const char* text;
    const char* shown;
  } kCases[] = {
      {"a\u202eb", "a?b"},
      {"a\u2066b\u2069", "a?b?"},
      {"a\u200fb\u061c", "a?b?"},
      {"a\u2028b", "a?b"},
      {"a\xc2\x9b[2Kb", "a?[2Kb"},
      {"\xe9t\xe9", "\ufffdt\ufffd"},
      {"\xe2\x80", "\ufffd\ufffd"},
      {"\xc0\x9b", "\ufffd\ufffd"},
      {"€ 𝄞", "€ 𝄞"},
      {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
  };
  for (const auto& c : kCases) EXPECT_EQ(shown(c.text), c.shown) << c.text;
}

TEST(CliText, JsonEscapesThem) {
  const nlohmann::json value{{"reason", "a\u202eb\xc2\x9b"}, {"bad", "\xe9"}, {"gr", "ün"}};
  const std::string text = json_text(value);
  EXPECT_EQ(text, "{\"bad\":\"\ufffd\",\"gr\":\"ün\",\"reason\":\"a\\u202eb\\u009b\"}");
  EXPECT_EQ(nlohmann::json::parse(text)["reason"], value["reason"]);
}

TEST(CliText, WhatGoesOutIsUtf8) {
  EXPECT_EQ(repaired("r\xe9sum\xe9"), "r\ufffdsum\ufffd");
  EXPECT_EQ(repaired("résumé"), "résumé");
}

TEST(CliText, AWordIsQuotedForTheShellOnlyIfItMustBe) {
  EXPECT_EQ(shell_quoted("/var/lib/estop"), "/var/lib/estop");
  EXPECT_EQ(shell_quoted("my data"), "'my data'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
}

TEST(CliTable, ColumnsLineUpByCharacters) {
  EXPECT_EQ(render_table({"NAME", "N", "WHY"}, {{"grün", "1", ""}, {"acme", "100", "x\ny"}}),
            "NAME  N    WHY\n"
            "grün  1\n"
            "acme  100  x?y\n");
}

TEST(CliExit, EveryErrorHasItsCode) {
  const struct {
    Errc code;
    ExitStatus status;
  } kCases[] = {
      {Errc::kOk, ExitStatus::kOk},
      {Errc::kBadAddress, ExitStatus::kUsage},
      {Errc::kBadScope, ExitStatus::kUsage},
      {Errc::kMissingReason, ExitStatus::kUsage},
      {Errc::kBadArgument, ExitStatus::kUsage},
      {Errc::kNotFound, ExitStatus::kNotFound},
      {Errc::kNotKilled, ExitStatus::kNotFound},
      {Errc::kUnauthenticated, ExitStatus::kDenied},
      {Errc::kNotPermitted, ExitStatus::kDenied},
      {Errc::kNoContact, ExitStatus::kNoContact},
      {Errc::kTimeout, ExitStatus::kNoContact},
      {Errc::kStoreUnavailable, ExitStatus::kFailure},
      {Errc::kInternal, ExitStatus::kFailure},
  };
  for (const auto& c : kCases) EXPECT_EQ(exit_status(c.code), c.status) << c.code;
}

}  // namespace
}  // namespace estop::cli
