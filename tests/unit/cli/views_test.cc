// SPDX-License-Identifier: Apache-2.0

// Tables as they stand on the screen.
#include "control/cli/views.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace estop::cli {
namespace {

using nlohmann::json;

const json kKill = {{"scope", "acme/prod/x"},
                    {"actor", "alice"},
                    {"since_ms", 1'763'770'500'000U},
                    {"op_id", "cli-1"},
                    {"reason", "a drill"}};

json instance(const char* name, const char* state, bool confirmed) {
  return {{"address", "acme/prod/x"}, {"instance", name},       {"state", state},
          {"confirmed", confirmed},   {"heard_ms_ago", 1'200U}, {"reason", "a drill"}};
}

TEST(CliViews, PsShowsWhoHasNotConfirmed) {
  const json answer = {
      {"agents", {instance("aaaaaaaa", "killed", true), instance("bbbbbbbb", "killed", false)}},
      {"kills", {kKill}},
      {"done", true}};
  EXPECT_EQ(view_ps({answer}, false),
            "AGENT        INSTANCE  STATE                  HEARD      REASON\n"
            "acme/prod/x  aaaaaaaa  killed, stopped        1.2 s ago  a drill\n"
            "acme/prod/x  bbbbbbbb  killed, NOT CONFIRMED  1.2 s ago  a drill\n"
            "\n"
            "KILLED       BY     SINCE                 ORDER  REASON\n"
            "acme/prod/x  alice  2025-11-22 00:15:00Z  cli-1  a drill\n");
}

TEST(CliViews, AnEmptyFleetSaysSo) {
  EXPECT_EQ(view_ps({{{"agents", json::array()}}}, false), "no agent has announced itself\n");
}

TEST(CliViews, WidePsHasTheCountersOfTheLastBeat) {
  json one = instance("aaaaaaaa", "healthy", false);
  one["counters"] = {{"sent", 7U}, {"succeeded", 6U}, {"failed", 1U}, {"cost_micro_usd", 12'300U}};
  const std::string table = view_ps({{{"agents", {one}}}}, true);
  EXPECT_NE(table.find("$0.0123"), std::string::npos) << table;
}

TEST(CliViews, AResumeShowsWhatItLiftsAndWhatStays) {
  json wider = kKill;
  wider["scope"] = "acme/*";
  const json answer = {{"instances", 1U}, {"kills", {kKill, wider}}};
  const std::string text = view_lifted({answer}, *schemas::Scope::parse("acme/prod/x"));
  EXPECT_EQ(text,
            "This lifts:\n"
            "KILLED       BY     SINCE                 ORDER  REASON\n"
            "acme/prod/x  alice  2025-11-22 00:15:00Z  cli-1  a drill\n"
            "1 instance may then announce itself anew\n"
            "Still killed afterwards by:\n"
            "KILLED  BY     SINCE                 ORDER  REASON\n"
            "acme/*  alice  2025-11-22 00:15:00Z  cli-1  a drill\n");
  EXPECT_EQ(view_lifted({answer}, *schemas::Scope::parse("acme/prod/*")),
            "no kill of exactly acme/prod/* is in force\n");
}

TEST(CliViews, TheNewestAuditEntryStandsLast) {
  const json rows = {{{"number", 2U}, {"kind", "resume"}, {"actor", "bob"}},
                     {{"number", 1U}, {"kind", "kill"}, {"actor", "alice"}}};
  const std::string table = view_audit({{{"rows", rows}}});
  EXPECT_LT(table.find("alice"), table.find("bob")) << table;
}

TEST(CliViews, ALongDetailOfAnAuditEntryIsCut) {
  const json rows = {{{"number", 1U}, {"detail", {{"order", std::string(2'000, 'x')}}}}};
  const std::string table = view_audit({{{"rows", rows}}});
  EXPECT_LT(table.size(), 500U);
  EXPECT_NE(table.find("(2012 bytes, see -o json)"), std::string::npos) << table;
}

TEST(CliViews, StatusIsLoudAboutWhatIsBroken) {
  const json answer = {{"log", {{"stream_ok", false}, {"recorder_ok", false}}},
                       {"control", {{"leading", false}}}};
  const std::string text = view_status({answer});
  EXPECT_NE(text.find("NOT LEADING"), std::string::npos);
  EXPECT_NE(text.find("stream    NOT OK"), std::string::npos);
  EXPECT_NE(text.find("recorder  NOT OK"), std::string::npos);
}

TEST(CliViews, AnswersOfAnotherShapeAreNoCrash) {
  const Answers odd{json::parse(R"({"agents":[1,{"address":3}],"kills":"no","bridges":null})")};
  EXPECT_FALSE(view_ps(odd, true).empty());
  EXPECT_FALSE(view_status(odd).empty());
  EXPECT_FALSE(view_get({}).empty());
}

TEST(CliViews, AnEventConcernsAScopeThatOverlapsIt) {
  const json event = {{"kind", "kill"}, {"subject", "acme/prod/*"}};
  EXPECT_TRUE(concerns(event, *schemas::Scope::parse("acme/prod/x")));
  EXPECT_TRUE(concerns(event, *schemas::Scope::parse("acme/*")));
  EXPECT_FALSE(concerns(event, *schemas::Scope::parse("acme/test/*")));
}

}  // namespace
}  // namespace estop::cli
