// SPDX-License-Identifier: Apache-2.0

// What opens something has to be signed by its operator, and says what it lifts.
// Hazards H27, H28, H30.
#include <gtest/gtest.h>

#include "schemas/order.h"
#include "tests/support/operator_creds.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using schemas::Segment;

Segment segment(const std::string& text) {
  return Segment::parse(text).value();
}

Json resume_of(const std::string& op_id, const std::vector<std::string>& lifts) {
  return {
      {"scope", "acme/prod/x"}, {"reason", "link is fixed"}, {"op_id", op_id}, {"lifts", lifts}};
}

std::string signed_by(const std::string& actor, const Json& request,
                      const std::string& verb = "resume") {
  return schemas::sign_command(segment(actor), segment(verb), request.dump(),
                               testing::operator_creds(actor))
      .value();
}

class SignedCommand : public ::testing::Test {
 protected:
  SignedCommand() {
    world.takes_unsigned = false;
    world.restart();
    world.open("b1");
    world.kill("acme/prod/x", "k1");
    world.receipt("b1", "k1");
  }
  [[nodiscard]] bool holds(const std::string& op_id) const {
    return world.core->ledger().latches().find(op_id) != nullptr;
  }
  std::string ask(const std::string& text, const std::string& actor = "alice") {
    return world.ask("resume", text, actor);
  }
  World world;
};

TEST_F(SignedCommand, AResumeThatNobodySignedIsRefused_H30) {
  const auto inbox = world.ask("resume", resume_of("r1", {"k1"}));
  EXPECT_EQ(world.error(inbox), "bad-signature");
  EXPECT_TRUE(holds("k1"));
}

TEST_F(SignedCommand, IsObeyedAndTheAuditProvesWhoOrderedIt) {
  const std::string sent = signed_by("alice", resume_of("r1", {"k1"}));
  EXPECT_EQ(world.error(ask(sent)), "");
  EXPECT_FALSE(holds("k1"));
  const auto line = std::find_if(world.audit.begin(), world.audit.end(),
                                 [](const AuditEntry& entry) { return entry.kind == "signed"; });
  ASSERT_NE(line, world.audit.end());
  EXPECT_EQ(line->op_id, "r1");
  const auto kept = schemas::open_command(Json::parse(line->detail)["command"].get<std::string>());
  ASSERT_TRUE(kept && kept->has_value());
  EXPECT_EQ(Json::parse((*kept)->text), resume_of("r1", {"k1"}));
  EXPECT_TRUE(schemas::verify_command(**kept, {segment("alice"), segment("resume")},
                                      testing::account_key().public_key(),
                                      schemas::Subjects::standard()));
}

TEST_F(SignedCommand, SentAgainItLiftsNothingMore_H28) {
  const std::string sent = signed_by("alice", resume_of("r1", {"k1"}));
  ask(sent);
  world.kill("acme/prod/x", "k2");
  EXPECT_EQ(world.error(ask(sent)), "");
  EXPECT_TRUE(holds("k2"));
}

TEST_F(SignedCommand, HeldBackItLiftsNoOtherKill_H27) {
  const std::string late = signed_by("alice", resume_of("r1", {"k1"}));
  ask(signed_by("alice", resume_of("r2", {"k1"})));
  world.kill("acme/prod/x", "k2");
  EXPECT_EQ(world.error(ask(late)), "not-killed");
  EXPECT_TRUE(holds("k2"));
}

TEST_F(SignedCommand, HasToNameWhatItLiftsAndItself) {
  Json request = resume_of("r1", {});
  EXPECT_EQ(world.error(ask(signed_by("alice", request))), "bad-argument");
  request = resume_of("r1", {"k1"});
  request.erase("op_id");
  EXPECT_EQ(world.error(ask(signed_by("alice", request))), "bad-argument");
  EXPECT_TRUE(holds("k1"));
}

TEST_F(SignedCommand, IsGoodForNoOtherTextNameOrVerb_H30) {
  Json tampered = Json::parse(signed_by("alice", resume_of("r1", {"k1"})));
  tampered["command"] = resume_of("r2", {"k1"}).dump();
  EXPECT_EQ(world.error(ask(tampered.dump())), "bad-signature");
  EXPECT_EQ(world.error(ask(signed_by("alice", resume_of("r3", {"k1"})), "bob")), "not-permitted");
  EXPECT_EQ(world.error(ask(signed_by("alice", resume_of("r4", {"k1"}), "kill"))), "bad-signature");
  const Json revoke{{"who", "bob"}, {"reason", "left"}};
  EXPECT_EQ(world.error(world.ask("revoke", signed_by("alice", revoke, "revoke"))),
            "not-permitted");
  EXPECT_TRUE(world.alarmed("forged-order"));
  EXPECT_TRUE(holds("k1"));
}

TEST_F(SignedCommand, AProofThatIsDamagedIsNamed) {
  Json damaged = Json::parse(signed_by("alice", resume_of("r1", {"k1"})));
  damaged["signature"] = "too-short";
  EXPECT_EQ(world.error(ask(damaged.dump())), "malformed");
  damaged.erase("credential");
  EXPECT_EQ(world.error(ask(damaged.dump())), "malformed");
  EXPECT_TRUE(holds("k1"));
}

}  // namespace
}  // namespace estop::control
