// SPDX-License-Identifier: Apache-2.0

// Every role at the real broker: what it may do works, all else is refused. And who is nobody.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "control/auth/claims.h"
#include "tests/integration/auth/auth_broker.h"

namespace estop::testing {
namespace {

using control::Account;
using control::Role;
using schemas::KeyRole;
using schemas::SigningKey;
using schemas::Subjects;

class Roles : public ::testing::Test {
 protected:
  AuthBroker broker_;
};

struct Seat {
  Role role;
  Account account;
};

std::vector<Seat> every_seat() {
  std::vector<Seat> seats;
  for (const Role& role :
       {mallory(), bridge(), Role(control::ControlRole{}), operator_(), viewer()}) {
    for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
      if (control::permissions(role, account, Subjects::standard())) {
        seats.push_back({role, account});
      }
    }
  }
  return seats;
}

bool refused(RawNats& client) {
  const RawAnswers answers = client.sync();
  return answers.closed || !answers.errors.empty();
}

std::string name_of(const Seat& seat) {
  return fmt::format("{} in {}", control::name(seat.role), control::name(seat.account));
}

TEST_F(Roles, PublishExactlyWhatTheirListsAllow) {
  for (const Seat& seat : every_seat()) {
    RawNats client = broker_.user(seat.role, seat.account);
    const auto own = control::permissions(seat.role, seat.account, Subjects::standard());
    for (const std::string& subject : every_subject()) {
      client.publish(subject, "");
      EXPECT_EQ(refused(client), !covered(subject, own->publish))
          << name_of(seat) << ' ' << subject;
    }
  }
}

TEST_F(Roles, SubscribeExactlyToWhatTheirListsAllow) {
  for (const Seat& seat : every_seat()) {
    RawNats client = broker_.user(seat.role, seat.account);
    const auto own = control::permissions(seat.role, seat.account, Subjects::standard());
    int sid = 0;
    for (const std::string& subject : every_subject()) {
      for (const char* queue : {"", "bridge"}) {
        client.subscribe(subject, ++sid, queue);
        EXPECT_EQ(refused(client), !covered(subject, own->subscribe))
            << name_of(seat) << ' ' << subject << ' ' << queue;
      }
    }
  }
}

// H5: why the linter refuses a missing list. Both lists are there in every credential of Estop.
TEST_F(Roles, H5AnAbsentListMeansEverythingToTheBroker) {
  auto client = RawNats::connect(broker_.port(), broker_.creds_with({{}, {}}, Account::kAgents));
  ASSERT_TRUE(client.has_value());
  client->subscribe(">", 1);
  client->publish("estop.control.all", "");
  EXPECT_FALSE(refused(*client));
}

class Stranger : public Roles {
 protected:
  // What the broker says to this CONNECT.
  [[nodiscard]] std::string told(std::string_view connect_json) const {
    auto client = RawNats::open(broker_.port());
    if (!client) return client.error().detail;
    const auto let_in = client->log_in(connect_json);
    return let_in ? "let in" : let_in.error().detail;
  }
  [[nodiscard]] std::string told_with_creds(const std::string& creds) const {
    const auto client = RawNats::connect(broker_.port(), creds);
    return client ? "let in" : client.error().detail;
  }
};

constexpr std::string_view kRefused = "-ERR 'Authorization Violation'";

TEST_F(Stranger, H9IsNotLetIn) {
  const std::string creds = broker_.creds(mallory(), Account::kAgents);
  const std::size_t begin = creds.find("eyJ");
  const std::string jwt = creds.substr(begin, creds.find('\n', begin) - begin);
  EXPECT_EQ(told("{}"), kRefused);
  EXPECT_EQ(told(R"({"user":"sys","pass":"sys"})"), kRefused);
  EXPECT_EQ(told(R"({"user":"","pass":""})"), kRefused);
  EXPECT_EQ(told(R"({"auth_token":"x"})"), kRefused);
  EXPECT_EQ(told(fmt::format(R"({{"nkey":"{}"}})", schemas::key_from_creds(creds)->public_text())),
            kRefused);
  EXPECT_EQ(told(fmt::format(R"({{"jwt":"{}"}})", jwt)), kRefused);
  EXPECT_EQ(told(fmt::format(R"({{"jwt":"{}","sig":"{}"}})", jwt, std::string(86, 'A'))), kRefused);
}

TEST_F(Stranger, H9WithoutConnectGetsNothing) {
  auto client = RawNats::open(broker_.port());
  ASSERT_TRUE(client.has_value());
  client->subscribe(">", 1);
  EXPECT_TRUE(refused(*client));
}

TEST_F(Stranger, WithCredentialsOfAnotherEstopIsNotLetIn) {
  const control::Keyring others = control::Keyring::generate();
  EXPECT_EQ(told_with_creds(
                control::make_creds(others, mallory(), Account::kAgents, Subjects::standard(), 1)),
            kRefused);
}

TEST_F(Stranger, WithSomebodyElsesJwtAndItsOwnKeyIsNotLetIn) {
  std::string creds = broker_.creds(control::ControlRole{}, Account::kControl);
  const std::size_t seed = creds.find("\nSU") + 1;
  creds.replace(seed, creds.find('\n', seed) - seed,
                SigningKey::generate(KeyRole::kUser).seed_text());
  EXPECT_EQ(told_with_creds(creds), kRefused);
}

}  // namespace
}  // namespace estop::testing
