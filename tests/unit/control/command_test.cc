#include "control/core/command.h"

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
    {"kill without a reason", "kill", R"({"scope":"a/b/c"})", Errc::kMissingReason},
    {"kill with a blank reason", "kill", R"({"scope":"a/b/c","reason":" \n"})",
     Errc::kMissingReason},
    {"resume without a reason", "resume", R"({"scope":"a/b/c"})", Errc::kMissingReason},
    {"reason is a number", "kill", R"({"scope":"a/b/c","reason":7})", Errc::kBadArgument},
    {"unknown mode", "kill", R"({"scope":"a/b/c","reason":"r","mode":"soft"})", Errc::kBadArgument},
    {"grace too long", "kill", R"({"scope":"a/b/c","reason":"r","grace_ms":600001})",
     Errc::kBadArgument},
    {"grace is negative", "kill", R"({"scope":"a/b/c","reason":"r","grace_ms":-1})",
     Errc::kBadArgument},
    {"op id with a dot", "kill", R"({"scope":"a/b/c","reason":"r","op_id":"a.b"})",
     Errc::kBadArgument},
    {"waits for no stage", "kill", R"({"scope":"a/b/c","reason":"r","wait":["opened"]})",
     Errc::kBadArgument},
    {"no time", "kill", R"({"scope":"a/b/c","reason":"r","timeout_ms":0})", Errc::kBadArgument},
    {"misspelt field of a resume (H50)", "resume", R"({"scope":"a/b/c","reason":"r","lift":[]})",
     Errc::kBadArgument},
    {"lifts is no list", "resume", R"({"scope":"a/b/c","reason":"r","lifts":"x"})",
     Errc::kBadArgument},
    {"unknown pending", "resume", R"({"scope":"a/b/c","reason":"r","pending":"?"})",
     Errc::kBadArgument},
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
  EXPECT_EQ(kill.ignored, std::vector<std::string>{"revoke"});
  EXPECT_EQ(kill.order.wait, bit(Stage::kFenced));
}

TEST(Command, AKillDoesNotFailOverAWaitForWhatWasNotAsked) {
  const auto kill = std::get<KillCommand>(
      parse_command("kill", R"({"scope":"a/b/c","reason":"r","wait":["fenced","revoked"]})")
          .value());
  EXPECT_EQ(kill.ignored, std::vector<std::string>{"wait: revoked, without revoke"});
  EXPECT_EQ(kill.order.wait, bit(Stage::kFenced));
  EXPECT_FALSE(kill.revoke);
}

TEST(Command, AKillIsNotRefusedForAFieldOfANewerCommandLine) {
  const auto kill = std::get<KillCommand>(
      parse_command("kill", R"({"scope":"a/b/c","reason":"r","mode":"now","colour":"red"})")
          .value());
  EXPECT_EQ(kill.ignored, std::vector<std::string>{"colour"});
  EXPECT_EQ(kill.grace_ms, 0U);
}

TEST(Command, AResumeNamesWhatItLiftsAndWhatBecomesOfWork) {
  const auto resume = std::get<ResumeCommand>(
      parse_command("resume",
                    R"({"scope":"a/b/c","reason":"r","lifts":["k1"],"pending":"discard"})")
          .value());
  EXPECT_EQ(resume.lifts, std::vector<std::string>{"k1"});
  EXPECT_EQ(resume.pending, schemas::PendingWork::kDiscard);
}

TEST(Command, AnEmptyBodyIsAnEmptyObject) {
  EXPECT_TRUE(std::holds_alternative<StatusCommand>(parse_command("status", "").value()));
}

}  // namespace
}  // namespace estop::control
