// SPDX-License-Identifier: Apache-2.0
#include "control/json/commands.h"

#include <gtest/gtest.h>

namespace estop::control {
namespace {

using schemas::Errc;

struct BadCommand {
  const char* why;
  const char* verb;
  const char* json;
  Errc code;
};

constexpr BadCommand kBad[] = {
    {"no such verb", "kil", R"({})", Errc::kUnknownType},
    {"not JSON", "kill", "scope=acme", Errc::kMalformed},
    {"a list", "kill", "[1]", Errc::kMalformed},
    {"a field twice", "resume", R"({"scope":"a/b/c","scope":"*","reason":"r"})", Errc::kMalformed},
    {"too deep", "ps", "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]", Errc::kMalformed},
    {"kill without a scope", "kill", R"({"reason":"r"})", Errc::kBadScope},
    {"kill of nonsense", "kill", R"({"scope":"acme/prod/x y","reason":"r"})", Errc::kBadScope},
    {"kill of another spelling (H15)", "kill", R"({"scope":"Acme/prod/x","reason":"r"})",
     Errc::kBadScope},
    {"resume without a reason", "resume", R"({"scope":"a/b/c"})", Errc::kMissingReason},
    {"kill of a number", "kill", R"({"scope":7,"reason":"r"})", Errc::kBadScope},
    {"reason is a number", "resume", R"({"scope":"a/b/c","reason":7})", Errc::kBadArgument},
    {"a blank reason", "resume", R"({"scope":"a/b/c","reason":" \n"})", Errc::kMissingReason},
    {"op id with a dot", "resume", R"({"scope":"a/b/c","reason":"r","op_id":"a.b"})",
     Errc::kBadArgument},
    {"waits for no stage", "resume", R"({"scope":"a/b/c","reason":"r","wait":["fenced"]})",
     Errc::kBadArgument},
    {"no time", "resume", R"({"scope":"a/b/c","reason":"r","timeout_ms":0})", Errc::kBadArgument},
    {"misspelt field of a resume (H50)", "resume", R"({"scope":"a/b/c","reason":"r","lift":[]})",
     Errc::kBadArgument},
    {"lifts is no list", "resume", R"({"scope":"a/b/c","reason":"r","lifts":"x"})",
     Errc::kBadArgument},
    {"unknown pending", "resume", R"({"scope":"a/b/c","reason":"r","pending":"?"})",
     Errc::kBadArgument},
    {"empty pending", "resume", R"({"scope":"a/b/c","reason":"r","pending":""})",
     Errc::kBadArgument},
    {"pending work is held", "resume", R"({"scope":"a/b/c","reason":"r","pending":"hold"})",
     Errc::kBadArgument},
    {"pending work is dropped", "resume", R"({"scope":"a/b/c","reason":"r","pending":"discard"})",
     Errc::kBadArgument},
    {"pending work as dead letters", "resume",
     R"({"scope":"a/b/c","reason":"r","pending":"dead-letter"})", Errc::kBadArgument},
    {"get of no address", "get", R"({})", Errc::kBadAddress},
    {"get of a scope", "get", R"({"address":"acme/*"})", Errc::kBadAddress},
    {"ps of nonsense", "ps", R"({"filter":"//"})", Errc::kBadScope},
    {"audit of too much", "audit", R"({"limit":10001})", Errc::kBadArgument},
    {"status with a field", "status", R"({"x":1})", Errc::kBadArgument},
};

TEST(Command, BadOnesAreRefusedByTheirOwnCode) {
  for (const BadCommand& bad : kBad) {
    const auto parsed = parse_command(bad.verb, bad.json);
    ASSERT_FALSE(parsed) << bad.why;
    EXPECT_EQ(parsed.error().code, bad.code) << bad.why << ": " << parsed.error();
    EXPECT_FALSE(parsed.error().detail.empty()) << bad.why;
  }
}

// H56: whom and who are clear, so it acts. What is not as it was asked for is said.
struct Tolerated {
  const char* why;
  const char* more;
  const char* note;  // how the only one begins; empty: none
  std::uint32_t grace_ms = schemas::kGrace_ms;
  std::uint32_t timeout_ms = kWait_ms;
};

constexpr Tolerated kTolerated[] = {
    {"nothing unusual", R"("reason":"r")", ""},
    {"no reason", R"("mode":"grace")", "no reason was given"},
    {"a blank reason", R"("reason":" \n")", "no reason was given"},
    {"a reason that is no text", R"("reason":"r","op_id":null,"grace_ms":"1 s")",
     "'grace_ms' is not a whole number"},
    {"unknown mode", R"("reason":"r","mode":"soft")", "'mode' is not one of: grace, now"},
    {"mode is a number", R"("reason":"r","mode":1)", "'mode' is not a text"},
    {"grace too long", R"("reason":"r","grace_ms":4000000000)", "'grace_ms' is not a whole number",
     schemas::kGraceMax_ms},
    {"grace is negative", R"("reason":"r","grace_ms":-1)", "'grace_ms' is not a whole number"},
    {"a wait of an hour", R"("reason":"r","timeout_ms":3600000)", "'timeout_ms' is not",
     schemas::kGrace_ms, kWaitMax_ms},
    {"no wait", R"("reason":"r","timeout_ms":0)", "'timeout_ms' is not", schemas::kGrace_ms, 1},
    {"op id with a dot", R"("reason":"r","op_id":"a.b")", "'op_id' may hold"},
    {"op id is a number", R"("reason":"r","op_id":7)", "'op_id' is not a text"},
    {"op id too long", R"("reason":"r","op_id":"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde")",
     "'op_id' is longer than 40 bytes"},
    {"a stage of a resume", R"("reason":"r","wait":["opened"])", "'wait' names 'opened'"},
    {"waits are no list", R"("reason":"r","wait":"fenced")", "'wait' is not a list"},
    {"a wait is no text", R"("reason":"r","wait":[7])", "'wait' holds something"},
    {"revoke is no flag", R"("reason":"r","revoke":"yes")", "'revoke' is neither"},
    {"an unknown field", R"("reason":"r","colour":"red")", "ignored field 'colour'"},
};

TEST(Command, AKillIsRefusedForItsScopeOnly_H56) {
  for (const Tolerated& row : kTolerated) {
    SCOPED_TRACE(row.why);
    const auto parsed = parse_command("kill", R"({"scope":"a/b/c",)" + std::string(row.more) + "}");
    ASSERT_TRUE(parsed) << parsed.error();
    const auto& kill = std::get<KillCommand>(*parsed);
    EXPECT_EQ(kill.order.scope.text(), "a/b/c");
    EXPECT_EQ(kill.order.op_id, "");
    EXPECT_FALSE(kill.order.reason.empty());
    EXPECT_EQ(kill.grace_ms, row.grace_ms);
    EXPECT_EQ(kill.order.timeout_ms, row.timeout_ms);
    EXPECT_EQ(kill.order.wait, bit(Stage::kFenced) | bit(Stage::kStopped) | bit(Stage::kDurable));
    ASSERT_EQ(kill.notes.size(), *row.note == 0 ? 0U : 1U);
    const std::string note = kill.notes.empty() ? "" : kill.notes[0];
    EXPECT_EQ(note.rfind(row.note, 0), 0U) << note;
  }
}

TEST(Command, AReasonThatIsTooLongIsCut) {
  const std::string json = R"({"scope":"a/b/c","reason":")" + std::string(5'000, 'x') + "\"}";
  const auto kill = std::get<KillCommand>(parse_command("kill", json).value());
  EXPECT_EQ(kill.order.reason.size(), schemas::kReasonMax_bytes);
  EXPECT_EQ(kill.notes, std::vector<std::string>{"the reason is cut to 1024 bytes"});
}

TEST(Command, AKillHasDefaultsForAllButScopeAndReason) {
  const auto kill = std::get<KillCommand>(
      parse_command("kill", R"({"scope":"acme/*","reason":" broken\tlink "})").value());
  EXPECT_EQ(kill.order.scope.text(), "acme/*");
  EXPECT_EQ(kill.order.reason, "broken link");
  EXPECT_EQ(kill.mode, schemas::KillMode::kGrace);
  EXPECT_EQ(kill.grace_ms, schemas::kGrace_ms);
  EXPECT_EQ(kill.order.wait, bit(Stage::kFenced) | bit(Stage::kStopped) | bit(Stage::kDurable));
}

TEST(Command, AnInstanceIsKilledAlthoughItHasNoCredentialToRevoke) {
  const auto kill = std::get<KillCommand>(
      parse_command(
          "kill",
          R"({"scope":"a/b/c@aaaaaaa1","reason":"r","revoke":true,"wait":["fenced","revoked"]})")
          .value());
  EXPECT_EQ(kill.notes, std::vector<std::string>{"ignored field 'revoke'"});
  EXPECT_EQ(kill.order.wait, bit(Stage::kFenced));
}

TEST(Command, AKillDoesNotFailOverAWaitForWhatWasNotAsked) {
  const auto kill = std::get<KillCommand>(
      parse_command("kill", R"({"scope":"a/b/c","reason":"r","wait":["fenced","revoked"]})")
          .value());
  EXPECT_EQ(kill.notes, std::vector<std::string>{"ignored field 'wait: revoked, without revoke'"});
  EXPECT_EQ(kill.order.wait, bit(Stage::kFenced));
  EXPECT_FALSE(kill.revoke);
}

TEST(Command, AKillIsNotRefusedForAFieldOfANewerCommandLine) {
  const auto kill = std::get<KillCommand>(
      parse_command("kill", R"({"scope":"a/b/c","reason":"r","mode":"now","colour":"red"})")
          .value());
  EXPECT_EQ(kill.notes, std::vector<std::string>{"ignored field 'colour'"});
  EXPECT_EQ(kill.grace_ms, 0U);
}

TEST(Command, AResumeNamesWhatItLifts) {
  const auto resume = std::get<ResumeCommand>(
      parse_command("resume",
                    R"({"scope":"a/b/c","reason":"r","lifts":["k1"],"pending":"redeliver"})")
          .value());
  EXPECT_EQ(resume.lifts, std::vector<std::string>{"k1"});
}

TEST(Command, WorkThatWaitsCanOnlyBeRedeliveredYet) {
  const auto refused =
      parse_command("resume", R"({"scope":"a/b/c","reason":"r","pending":"discard"})");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("can only be redeliver"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("durable work"), std::string::npos);
}

TEST(Command, AnEmptyBodyIsAnEmptyObject) {
  EXPECT_TRUE(std::holds_alternative<StatusCommand>(parse_command("status", "").value()));
}

}  // namespace
}  // namespace estop::control
