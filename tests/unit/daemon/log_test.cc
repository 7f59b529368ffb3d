// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace estop::daemon {
namespace {

TEST(LogTest, WritesOneJsonObjectALine) {
  EXPECT_EQ(format_json("T", LogLevel::kWarn, "estop-bridge", "lease-lost",
                        {{"bridge", "b1"}, {"ms", 5120}, {"ok", false}, {"share", 0.5}}),
            R"({"time":"T","level":"warn","part":"estop-bridge","event":"lease-lost",)"
            R"("bridge":"b1","ms":5120,"ok":false,"share":0.5})");
}

TEST(LogTest, WritesTextForPeople) {
  EXPECT_EQ(format_text("T", LogLevel::kInfo, "open", {{"head", 7}, {"why", "a \"b\""}}),
            R"(T info  open head=7 why="a \"b\"")");
}

TEST(LogTest, NoNameCanInjectALineOrAField_H20) {
  const std::string hostile = "x\"},\n{\"event\":\"fake\x01\x7F";
  const auto line = format_json("T", LogLevel::kInfo, "p", "e", {{"name", hostile}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line).at("name"), hostile);
  EXPECT_EQ(format_text("T", LogLevel::kInfo, "e", {{"name", hostile}}).find('\n'),
            std::string::npos);
}

TEST(LogTest, EveryByteGivesValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (const std::string& tail : {std::string(), std::string("\x80"), std::string("\xBF\xBF"),
                                    std::string("\x80\x80\x80"), std::string("a")}) {
      const std::string text = static_cast<char>(first) + tail;
      const std::string json = LogField("key", text).json();
      EXPECT_TRUE(nlohmann::json::accept(json)) << first << " " << json;
    }
  }
}

TEST(LogTest, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(LogField("key", "ü€😀 \xC0\xAF \xED\xA0\x80 \xFF").json(),
            "\"ü€😀 \uFFFD\uFFFD \uFFFD\uFFFD\uFFFD \uFFFD\"");
}

TEST(LogTest, ParsesItsOptions) {
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_FALSE(parse_log_level("loud"));
  EXPECT_FALSE(parse_log_format("xml"));
}

}  // namespace
}  // namespace estop::daemon
