// SPDX-License-Identifier: Apache-2.0

// Orders that carry their own proof. Hazards H30, H31; I7.
#include "schemas/order.h"

#include <gtest/gtest.h>

#include "schemas/codec.h"
#include "tests/support/forged.h"
#include "tests/support/operator_creds.h"

namespace estop::schemas {
namespace {

using testing::account_key;
using testing::creds;
using testing::operator_creds;
using testing::operator_key;
using testing::user_jwt;

Record kill_of(const std::string& actor) {
  Record kill;
  kill.op_id = "k1";
  kill.kill().scope = Scope::parse("acme/prod/x").value();
  kill.actor.name = actor;
  kill.reason = "broken link";
  return kill;
}

Result<void> judge(const Result<SignedOrder>& order) {
  if (!order) return tl::make_unexpected(order.error());
  return verify_order(*order, account_key().public_key(), Subjects::standard());
}

TEST(Order, ComesBackAsItWasSignedAndIsProven) {
  const auto order = sign_order(kill_of("alice"), operator_creds("alice"));
  ASSERT_TRUE(order) << order.error();
  const auto opened = open_order(order->frame);
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->kill.record, kill_of("alice"));
  EXPECT_EQ(opened->frame, order->frame);
  EXPECT_TRUE(judge(opened));
}

TEST(Order, IsProvenByACredentialThatReachesItsScope) {
  for (const char* reach : {"acme", "acme.prod", "acme.prod.x"}) {
    const auto order =
        sign_order(kill_of("alice"), creds(user_jwt(account_key(), operator_key(),
                                                    std::string("estop.emergency.alice.") + reach),
                                           operator_key()));
    EXPECT_TRUE(judge(order)) << reach;
  }
}

// Only whom and who can be unclear: everything else of a kill is put in range, and it acts.
struct Unusual {
  const char* what;
  void (*change)(Record&);
  const char* reason;  // as it is read
  std::uint32_t grace_ms;
  const char* note;
};
const Unusual kUnusual[] = {
    {"a grace over the maximum", [](Record& r) { r.kill().grace_ms = 4'000'000'000; },
     "broken link", kGraceMax_ms, "a grace of 4000000000 ms is over the maximum: it is 600000 ms"},
    {"a grace of none", [](Record& r) { r.kill().mode = KillMode::kNow, r.kill().grace_ms = 7; },
     "broken link", 0, ""},
    {"no reason", [](Record& r) { r.reason.clear(); }, "no reason given", 0, "no reason was given"},
    {"a reason that a terminal obeys", [](Record& r) { r.reason = "\x1b[2J\xe2\x80\xaegone"; },
     "[2J gone", 0, ""},
    {"a reason that is no UTF-8", [](Record& r) { r.reason = "gr\xfcn"; }, "gr n", 0, ""},
    {"a reason that is too long", [](Record& r) { r.reason = "x" + std::string(5'000, ' ') + "y"; },
     "x", 0, "the reason is cut to 1024 bytes"},
    {"an op id given before", [](Record& r) { r.kill().given_as = "k7"; }, "broken link", 0,
     "an op id that was given before"},
    {"an actor that is no operator", [](Record& r) { r.actor.kind = ActorKind::kControl; },
     "broken link", 0, "an op id that was given before, or another kind of actor"},
};

TEST(Order, IsAKillWhateverItsOtherFieldsHold) {
  for (const Unusual& row : kUnusual) {
    SCOPED_TRACE(row.what);
    Record written = kill_of("alice");
    row.change(written);
    const auto jwt = jwt_from_creds(operator_creds("alice"));
    const auto order = open_order(
        testing::forged_order(testing::forged_record(written, operator_key()), jwt.value()));
    ASSERT_TRUE(order) << order.error();
    EXPECT_TRUE(judge(order));
    Record expected = kill_of("alice");
    expected.kill().mode = written.kill().mode;
    expected.reason = row.reason;
    expected.kill().grace_ms = row.grace_ms;
    EXPECT_EQ(order->kill.record, expected);
    const std::string note = order->notes.empty() ? "" : order->notes.front();
    EXPECT_EQ(note.substr(0, std::string_view(row.note).size()), row.note) << note;
    EXPECT_EQ(order->notes.size(), *row.note == 0 ? 0U : 1U);
  }
}

TEST(Order, IsRefusedUnlessTheAccountVouchesForItsActorAndItsKey) {
  const SigningKey stranger = SigningKey::from_bytes(KeyRole::kAccount, {66});
  const SigningKey other_user = SigningKey::from_bytes(KeyRole::kUser, {67});
  const std::string good = user_jwt(account_key(), operator_key(), "estop.emergency.alice");
  const struct {
    const char* what;
    std::string creds_text;
    Errc code;
  } rows[] = {
      {"another account",
       creds(user_jwt(stranger, operator_key(), "estop.emergency.alice"), operator_key()),
       Errc::kBadSignature},
      {"a viewer",
       creds(user_jwt(account_key(), operator_key(), "estop.command.alice.ps"), operator_key()),
       Errc::kNotPermitted},
      {"another operator", operator_creds("bob"), Errc::kNotPermitted},
      {"one that reaches another part of the fleet",
       creds(user_jwt(account_key(), operator_key(), "estop.emergency.alice.acme.staging"),
             operator_key()),
       Errc::kNotPermitted},
      {"one that reaches less",
       creds(user_jwt(account_key(), operator_key(), "estop.emergency.alice.acme.prod.x.k3j9x2ab"),
             operator_key()),
       Errc::kNotPermitted},
      {"a key that is not the credential's", creds(good, other_user), Errc::kBadSignature},
      {"claims that were changed",
       creds(good.substr(0, good.rfind('.') - 4) + "AAAA" + good.substr(good.rfind('.')),
             operator_key()),
       Errc::kMalformed},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const auto verdict = judge(sign_order(kill_of("alice"), row.creds_text));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, row.code) << verdict.error();
  }
}

TEST(Order, ASignatureOfAnotherAccountsIssuerNameIsNoSignature) {
  std::string jwt = user_jwt(account_key(), operator_key(), "estop.emergency.alice");
  jwt[jwt.size() - 10] = jwt[jwt.size() - 10] == 'A' ? 'B' : 'A';
  const auto credential = read_credential(jwt);
  ASSERT_FALSE(credential);
  EXPECT_EQ(credential.error().code, Errc::kBadSignature);
}

// The claims are read before the signature is judged: whoever may send an order chooses them.
TEST(Order, ClaimsOfAnyShapeAllowNothing) {
  for (const std::string nats :
       {"[]", "[[]]", "7", "null", R"({"pub":[]})", R"({"pub":{"allow":{}}})",
        R"({"pub":{"allow":[7]}})", R"({"pub":"allow"})"}) {
    const std::string claims = R"({"iss":")" + account_key().public_text() + R"(","sub":")" +
                               operator_key().public_text() + R"(","nats":)" + nats + "}";
    const std::string text = base64url("{}") + '.' + base64url(claims);
    const Signature signature = account_key().sign(text);
    const auto credential = read_credential(
        text + '.' +
        base64url({reinterpret_cast<const char*>(signature.data()), signature.size()}));
    EXPECT_TRUE(!credential || credential->publish.empty()) << nats;
  }
}

TEST(Order, OnlyAKillWithoutAPlaceInTheLogIsOne) {
  Record placed = kill_of("alice");
  placed.seq = 7;
  Record resume = kill_of("alice");
  resume.body = Resume{.scope = resume.scope()};
  for (const Record& record : {placed, resume}) {
    EXPECT_EQ(sign_order(record, operator_creds("alice")).error().code, Errc::kMalformed);
    const auto frame = testing::forged_record(record, testing::operator_key());
    EXPECT_EQ(open_order(testing::forged_order(frame, "")).error().code, Errc::kMalformed);
  }
}

TEST(Order, ARecordIsNoOrderAndAnOrderIsNoRecord) {
  const auto order = sign_order(kill_of("alice"), operator_creds("alice"));
  ASSERT_TRUE(order);
  EXPECT_FALSE(open_record(order->frame));
  EXPECT_FALSE(open_order(order->kill.frame));
  for (std::size_t cut = 0; cut < order->frame.size(); cut += 7) {
    EXPECT_FALSE(open_order(std::string_view(order->frame).substr(0, cut)));
  }
}

TEST(Order, CredentialsThatLackAPartAreNamed) {
  const auto order = sign_order(kill_of("alice"), "nonsense");
  ASSERT_FALSE(order);
  EXPECT_NE(order.error().detail.find("NATS USER JWT"), std::string::npos);
  EXPECT_EQ(issuer_from_creds(operator_creds("alice")).value(), account_key().public_key());
}

TEST(SignedCommand, IsRefusedUnlessTheAccountVouchesForItsOperatorItsVerbAndItsKey) {
  const SigningKey stranger = SigningKey::from_bytes(KeyRole::kAccount, {66});
  const SigningKey other_user = SigningKey::from_bytes(KeyRole::kUser, {67});
  const auto jwt = [](const SigningKey& account, const char* subject) {
    return user_jwt(account, operator_key(), subject);
  };
  const struct {
    const char* what;
    std::string creds_text;
    Errc code;
  } rows[] = {
      {"that verb", creds(jwt(account_key(), "estop.command.alice.resume"), operator_key()),
       Errc::kOk},
      {"every verb", creds(jwt(account_key(), "estop.command.alice.>"), operator_key()), Errc::kOk},
      {"another verb", creds(jwt(account_key(), "estop.command.alice.ps"), operator_key()),
       Errc::kNotPermitted},
      {"another operator", creds(jwt(account_key(), "estop.command.bob.>"), operator_key()),
       Errc::kNotPermitted},
      {"another account", creds(jwt(stranger, "estop.command.alice.>"), operator_key()),
       Errc::kBadSignature},
      {"another key", creds(jwt(account_key(), "estop.command.alice.>"), other_user),
       Errc::kBadSignature},
  };
  const Segment alice = Segment::parse("alice").value();
  const Segment resume = Segment::parse("resume").value();
  for (const auto& row : rows) {
    const auto sent = sign_command(alice, resume, R"({"scope":"*"})", row.creds_text);
    ASSERT_TRUE(sent) << row.what;
    const auto opened = open_command(*sent);
    ASSERT_TRUE(opened && opened->has_value()) << row.what;
    EXPECT_EQ((*opened)->text, R"({"scope":"*"})");
    const auto judged =
        verify_command(**opened, {alice, resume}, account_key().public_key(), Subjects::standard());
    EXPECT_EQ(judged ? Errc::kOk : judged.error().code, row.code) << row.what;
  }
}

TEST(SignedCommand, ACommandWithoutASignatureIsNone) {
  for (const char* text : {"", "{}", "[]", "nonsense", R"({"scope":"*"})"}) {
    const auto opened = open_command(text);
    EXPECT_TRUE(opened && !opened->has_value()) << text;
  }
}

}  // namespace
}  // namespace estop::schemas
