// SPDX-License-Identifier: Apache-2.0

// The broker's configuration and the claims inside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/auth/accounts.h"
#include "control/auth/auth.h"
#include "tests/unit/auth/people.h"

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Address;
using schemas::KeyRole;
using schemas::SigningKey;
using schemas::Subjects;

SigningKey fixed_key(KeyRole role, std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(number);
  return SigningKey::from_bytes(role, bytes);
}

Keyring fixed_keys() {
  return {fixed_key(KeyRole::kOperator, 1), fixed_key(KeyRole::kAccount, 2),
          fixed_key(KeyRole::kAccount, 3), fixed_key(KeyRole::kAccount, 4)};
}

std::string decoded(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char letter : text) {
    window = (window << 6 | static_cast<std::uint32_t>(kLetters.find(letter))) & 0x3fff;
    if ((bits += 6) >= 8) bytes += static_cast<char>(window >> (bits -= 8) & 0xff);
  }
  return bytes;
}

json claims_of(const std::string& jwt) {
  const std::size_t first = jwt.find('.') + 1;
  return json::parse(decoded(jwt.substr(first, jwt.rfind('.') - first)));
}

// Every JWT in the text, with its place taken by its number.
std::vector<std::string> take_jwts(std::string& text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  std::vector<std::string> jwts;
  for (std::size_t at = 0; (at = text.find("eyJ")) != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_not_of(kLetters, at), text.size());
    jwts.push_back(text.substr(at, end - at));
    text.replace(at, end - at, "<jwt " + std::to_string(jwts.size()) + ">");
  }
  return jwts;
}

void replace_one(std::string& text, std::string_view name, const std::string& with) {
  text.replace(text.find(name), name.size(), with);
}

constexpr std::string_view kGolden =
    R"(# Made by Estop from its keys and options. Edits are lost at the next start.
server_name: estop
host: "127.0.0.1"
port: -1
http: "127.0.0.1:8222"
ports_file_dir: "/data/ports"
log_file: "/data/a \"b\" \\c.log"
max_payload: 2097152
max_control_line: 4096
max_pending: 16777216
write_deadline: "1s"
ping_interval: "10s"
ping_max: 2
authorization { timeout: 5 }
max_connections: 65536
jetstream { store_dir: "/data/nats", max_mem: 68719476736, max_file: 68719476736 }
operator: "<jwt 1>"
system_account: @SYS
resolver { type: full, dir: "/data/nats/accounts", allow_delete: false, interval: "60s" }
resolver_preload {
  # AGENTS
  @AGENTS: "<jwt 2>"
  # CONTROL
  @CONTROL: "<jwt 3>"
  # SYS
  @SYS: "<jwt 4>"
}
)";

BrokerOptions golden_options() {
  BrokerOptions options;
  options.store_folder = "/data/nats";
  options.port = -1;
  options.ports_folder = "/data/ports";
  options.log_file = "/data/a \"b\" \\c.log";
  options.monitor_port = 8222;
  return options;
}

TEST(BrokerConfig, IsTheGoldenText) {
  const Keyring keys = fixed_keys();
  std::string text = broker_config(keys, golden_options(), kNow_s);
  EXPECT_EQ(take_jwts(text).size(), 4U);
  std::string expected(kGolden);
  replace_one(expected, "@AGENTS", keys.agents_account.public_text());
  replace_one(expected, "@CONTROL", keys.control_account.public_text());
  for (int i = 0; i < 2; ++i) replace_one(expected, "@SYS", keys.sys_account.public_text());
  EXPECT_EQ(text, expected);
}

TEST(BrokerConfig, PassesTheLinterAndHoldsNoSecret) {
  const Keyring keys = fixed_keys();
  const std::string text = broker_config(keys, golden_options(), kNow_s);
  EXPECT_TRUE(lint_broker_config(text).has_value());
  for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
    EXPECT_EQ(text.find(keys.account(account).seed_text()), std::string::npos);
  }
  EXPECT_EQ(text.find(keys.operator_key.seed_text()), std::string::npos);
}

TEST(BrokerConfig, WithoutMonitorHasNoHttp) {
  EXPECT_EQ(broker_config(fixed_keys(), {}, kNow_s).find("http"), std::string::npos);
}

TEST(BrokerConfig, OnlyControlHasJetStreamAndNobodySharesAnything) {
  std::string text = broker_config(fixed_keys(), {}, kNow_s);
  const auto jwts = take_jwts(text);
  for (const auto& [at, name, storage] :
       {std::tuple(1U, "AGENTS", 0), std::tuple(2U, "CONTROL", -1), std::tuple(3U, "SYS", 0)}) {
    const json claims = claims_of(jwts[at]);
    const json& limits = claims["nats"]["limits"];
    EXPECT_EQ(claims["name"], name);
    for (const char* limit : {"mem_storage", "disk_storage", "streams", "consumer"}) {
      EXPECT_EQ(limits[limit], storage) << name << ' ' << limit;
    }
    for (const char* limit : {"imports", "exports", "leaf"}) EXPECT_EQ(limits[limit], 0) << name;
    for (const char* limit : {"subs", "data", "payload"}) EXPECT_EQ(limits[limit], -1);
    EXPECT_EQ(limits["conn"], at == 1U ? kAgentConnectionsMax : -1);
  }
}

TEST(Creds, CarryTheRolesListsSignedByItsAccount) {
  const Keyring keys = fixed_keys();
  const Role agent = AgentRole{*Address::parse("acme/prod/mailer")};
  const std::string creds = make_creds(keys, agent, Account::kAgents, Subjects::standard(), kNow_s);
  std::string rest = creds;
  const std::string jwt = take_jwts(rest).at(0);
  const json claims = claims_of(jwt);
  const auto allowed = permissions(agent, Account::kAgents, Subjects::standard());
  EXPECT_TRUE(lint_user_jwt(jwt).has_value());
  EXPECT_EQ(claims["iss"], keys.agents_account.public_text());
  EXPECT_EQ(claims["sub"], schemas::key_from_creds(creds)->public_text());
  EXPECT_EQ(claims["iat"], kNow_s);
  EXPECT_EQ(claims["nats"]["pub"], json({{"allow", allowed->publish}}));
  EXPECT_EQ(claims["nats"]["sub"], json({{"allow", allowed->subscribe}}));
  EXPECT_EQ(claims["nats"]["allowed_connection_types"], json({"STANDARD"}));
  EXPECT_FALSE(claims["nats"].contains("resp"));
}

TEST(Creds, AreEmptyForARoleWithoutAUserInTheAccount) {
  EXPECT_EQ(make_creds(fixed_keys(), ControlRole{}, Account::kSys, Subjects::standard(), 1).empty(),
            false);
  EXPECT_EQ(make_creds(fixed_keys(), AgentRole{}, Account::kSys, Subjects::standard(), 1), "");
}

}  // namespace
}  // namespace estop::control
