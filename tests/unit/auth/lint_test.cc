// SPDX-License-Identifier: Apache-2.0

// H5: what a broker would quietly read as more than an allow-list is refused before it gets there.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/auth/auth.h"

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::KeyRole;
using schemas::SigningKey;

std::string verdict(const schemas::Result<void>& linted) {
  return linted ? "fine" : linted.error().detail;
}

struct SubjectCase {
  std::string_view subject, expected;
};

constexpr SubjectCase kSubjects[] = {
    {"estop.log", "fine"},
    {"estop.intent.>", "fine"},
    {"estop.command.*.*", "fine"},
    {"$JS.API.>", "fine"},
    {">", "publish `>`: a wildcard that covers other roles"},
    {"*", "publish `*`: a wildcard that covers other roles"},
    {"estop.>", "publish `estop.>`: a wildcard that covers other roles"},
    {"estop.*.acme.prod.mailer.>",
     "publish `estop.*.acme.prod.mailer.>`: a wildcard that covers other roles"},
    {"$JS.>", "publish `$JS.>`: a wildcard that covers other roles"},
    {"_INBOX.>", "publish `_INBOX.>`: the shared inbox of all clients"},
    {"", "publish ``: an empty token"},
    {"estop..log", "publish `estop..log`: an empty token"},
    {"estop.log.", "publish `estop.log.`: an empty token"},
    {"estop.log >", "publish `estop.log >`: white space"},
    {"estop.log.>.x", "publish `estop.log.>.x`: `>` before the end"},
};

TEST(Lint, H5RefusesSubjectsThatCoverMoreThanOneRole) {
  for (const SubjectCase& row : kSubjects) {
    EXPECT_EQ(verdict(lint_permissions({{std::string(row.subject)}, {"estop.log"}})), row.expected);
  }
}

TEST(Lint, H5RefusesAMissingList) {
  const auto publish = lint_permissions({{}, {"estop.log"}});
  const auto subscribe = lint_permissions({{"estop.log"}, {}});
  ASSERT_FALSE(publish.has_value());
  ASSERT_FALSE(subscribe.has_value());
  EXPECT_EQ(publish.error().code, Errc::kNotPermitted);
  EXPECT_EQ(subscribe.error().detail,
            "subscribe: no allow-list, which the broker reads as everything");
}

// A user JWT with these claims under `nats`, properly signed.
std::string signed_user(const json& nats) {
  const SigningKey account = SigningKey::generate(KeyRole::kAccount);
  const json claims{{"iss", account.public_text()}, {"sub", "U"}, {"nats", nats}};
  const std::string text = schemas::base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
                           schemas::base64url(claims.dump());
  const auto signature = account.sign(text);
  return text + "." + schemas::base64url({reinterpret_cast<const char*>(signature.data()), 64});
}

TEST(Lint, H5JudgesTheListsOfAUserJwt) {
  const json list = {{"allow", {"estop.log"}}};
  const json denied = {{"allow", {"estop.log"}}, {"deny", {"estop.log.x"}}};
  const std::pair<json, std::string_view> cases[] = {
      {{{"pub", list}, {"sub", list}}, "fine"},
      {{{"pub", list}}, "subscribe: no allow-list, which the broker reads as everything"},
      {{{"sub", list}}, "publish: no allow-list, which the broker reads as everything"},
      {{{"pub", list}, {"sub", {{"deny", {">"}}}}},
       "a deny list: it leaks where wildcards overlap"},
      {{{"pub", denied}, {"sub", list}}, "a deny list: it leaks where wildcards overlap"},
      {{{"pub", list}, {"sub", list}, {"resp", {{"max", 1}}}},
       "allowed responses: they bypass the bridge"},
  };
  for (const auto& [nats, expected] : cases) {
    EXPECT_EQ(verdict(lint_user_jwt(signed_user(nats))), expected);
  }
}

TEST(Lint, RefusesAJwtThatIsDamagedOrSignedBySomebodyElse) {
  std::string jwt = signed_user({{"pub", {{"allow", {"estop.log"}}}}});
  EXPECT_EQ(lint_user_jwt("").error().code, Errc::kMalformed);
  EXPECT_EQ(lint_user_jwt("a.b.c").error().code, Errc::kMalformed);
  EXPECT_EQ(lint_user_jwt(jwt.substr(0, jwt.size() - 10)).error().code, Errc::kMalformed);
  jwt[jwt.rfind('.') + 5] = jwt[jwt.rfind('.') + 5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(lint_user_jwt(jwt).error().code, Errc::kBadSignature);
}

constexpr std::string_view kClosed =
    "operator: \"x\"\nsystem_account: A\nresolver: MEMORY\nresolver_preload { A: \"x\" }\n";

TEST(Lint, H8H9RefusesListenersAndUsersOutsideTheJwts) {
  EXPECT_EQ(verdict(lint_broker_config(kClosed)), "fine");
  for (const std::string setting :
       {"no_auth_user: x", "leafnodes { port: 7422 }", "LeafNodes {}", "gateway {}", "cluster {}",
        "websocket {}", "mqtt {}", "authorization { user: a }", "accounts { A { users: [] } }"}) {
    EXPECT_FALSE(lint_broker_config(std::string(kClosed) + setting).has_value()) << setting;
  }
}

TEST(Lint, H9RefusesAConfigurationOutsideOperatorMode) {
  EXPECT_EQ(lint_broker_config("port: 4222\n").error().detail,
            "the broker's configuration lacks `operator`: anybody could connect");
}

TEST(Lint, LooksNeitherIntoCommentsNorIntoStrings) {
  const std::string text = std::string(kClosed) +
                           "# no_auth_user: x\n// mqtt {}\nstore_dir: \"/x \\\" cluster\"\n"
                           "log_file: 'mqtt'\n";
  EXPECT_EQ(verdict(lint_broker_config(text)), "fine");
  EXPECT_FALSE(lint_broker_config(text + "mqtt {}").has_value());
}

}  // namespace
}  // namespace estop::control
