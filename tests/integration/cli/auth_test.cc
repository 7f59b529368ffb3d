// SPDX-License-Identifier: Apache-2.0

// Credentials of a running Estop: what `estop auth` and `kill --revoke` do to a connection, with a
// bare socket and the agent's own credential.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <thread>

#include "control/auth/accounts.h"
#include "control/cli/installation.h"
#include "schemas/codec.h"
#include "tests/integration/cli/embedded.h"
#include "tests/support/raw_nats.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using control::Account;
using testing::RawNats;
using testing::read_text;
using testing::wait_until;

const std::string kMailer = "acme/prod/mailer";

constexpr int kBurst = 20'000;

// The number of the last `"<key>":<number>` in lines of JSON; 0 if there is none.
std::size_t last_number(const std::string& lines, const std::string& key) {
  const std::size_t at = lines.rfind('"' + key + "\":");
  return at == std::string::npos ? 0 : std::stoul(lines.substr(at + key.size() + 3));
}

// The credentials, the register and the accounts of a data folder, by name.
std::string files_of(const Embedded& estop) {
  std::map<std::string, std::string> found;
  for (const auto& file : fs::recursive_directory_iterator(estop.data())) {
    const std::string name = fs::relative(file.path(), estop.data());
    const bool is_auth = name.starts_with("creds") || name.starts_with("accounts");
    if (file.is_regular_file() && is_auth) found[name] = read_text(file.path());
  }
  found["credentials.jsonl"] = read_text(estop.data() + "/credentials.jsonl");
  std::string all;
  for (const auto& [name, text] : found) all += name + "\n" + text + "\n";
  return all;
}

class CliAuth : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(estop_.up()); }

  Outcome expect(std::vector<std::string> words, int exit_code) {
    const Outcome outcome = estop_.estop(words);
    EXPECT_EQ(outcome.exit_code, exit_code) << ::testing::PrintToString(words) << outcome.text;
    return outcome;
  }
  std::string creds(const std::string& address) {
    std::string path = expect({"auth", "agent", address}, 0).text;
    path.pop_back();
    return read_text(path);
  }
  RawNats connected(const std::string& creds) {
    return std::move(RawNats::connect(estop_.broker_port(), creds).value());
  }
  [[nodiscard]] std::string creds_of(const std::string& person) const {
    return read_text(estop_.data() + "/creds/operator-" + person + ".creds");
  }
  bool lets_in(const std::string& creds) {
    return RawNats::connect(estop_.broker_port(), creds).has_value();
  }
  // Whatever a rotation writes, with names.
  [[nodiscard]] std::string files() const { return files_of(estop_); }
  [[nodiscard]] fs::path resolver() const { return fs::path(estop_.data()) / "nats/accounts"; }
  [[nodiscard]] std::string accounts_at_the_broker() const {
    std::map<fs::path, std::string> files;
    for (const auto& file : fs::directory_iterator(resolver())) {
      if (file.path().extension() == ".jwt") files[file.path()] = read_text(file.path());
    }
    std::string all;
    for (const auto& [path, text] : files) all += text + '\n';
    return all;
  }
  [[nodiscard]] std::size_t kept() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(resolver()), {}));
  }
  void restart() {
    estop_.process().signal(SIGINT);
    ASSERT_TRUE(estop_.process().wait(std::chrono::seconds(20)));
    ASSERT_NO_FATAL_FAILURE(estop_.up());
  }

  Embedded estop_;
};

TEST_F(CliAuth, AKillThatRevokesClosesTheConnectionAndRefusesItUntilANewOneIsMade) {
  const std::string old = creds(kMailer);
  RawNats agent = connected(old);
  const Outcome killed = expect({"kill", kMailer, "--reason", "a drill", "--revoke"}, 0);
  EXPECT_LT(killed.text.find("fenced"), killed.text.find("revoked    1 credentials"));
  EXPECT_EQ(agent.read_line(), "-ERR 'User Authentication Revoked'");
  EXPECT_FALSE(lets_in(old));
  EXPECT_NE(expect({"auth", "agent", kMailer}, 4).text.find("resume that scope"),
            std::string::npos);
  expect({"resume", kMailer, "--reason", "over", "--yes"}, 0);
  ASSERT_TRUE(wait_until([&] { return estop_.estop({"auth", "agent", kMailer}).exit_code == 0; }));
  EXPECT_FALSE(lets_in(old));
  EXPECT_TRUE(lets_in(creds(kMailer)));
}

// H39: what the broker had read of a revoked client is still on its way. The bridge, not the
// broker, decides about it: what was delivered is what passed before the fence, to the last intent.
TEST_F(CliAuth, H39OfABurstNothingPassesBehindTheFenceThoughTheBrokerStillHasIt) {
  const std::string victim = "acme/prod/victim";
  RawNats listener = connected(creds(victim));
  listener.subscribe("estop.deliver.acme.prod.victim.>", 1);
  ASSERT_FALSE(listener.sync().closed);
  RawNats rogue = connected(creds(kMailer));
  std::thread burst([&] {
    for (int i = 0; i < kBurst; ++i) {
      const std::string id = "i" + std::to_string(i);
      schemas::IntentHead head;
      head.id = id;
      head.payload = "spam";
      const auto bytes = schemas::encode_intent(head).value();
      const bool sent = rogue.publish(
          "estop.intent.acme.prod.mailer.k3j9x2ab.acme.prod.victim.email.send", bytes);
      if (!sent) return;
    }
  });
  std::size_t delivered = listener.next_message() ? 1 : 0;
  const Outcome killed =
      expect({"kill", kMailer, "--reason", "spam", "--now", "--revoke", "-o", "jsonl"}, 0);
  burst.join();
  delivered += listener.sync().messages.size();
  EXPECT_GT(delivered, 0U);
  EXPECT_EQ(last_number(killed.text, "forwarded_before"), delivered);
  EXPECT_NE(killed.text.find(R"({"n":1,"stage":"revoked"})"), std::string::npos) << killed.text;
}

TEST_F(CliAuth, ARotatedCredentialIsLetInAndTheOldOneIsCutOff) {
  const std::string old = creds(kMailer);
  RawNats agent = connected(old);
  expect({"auth", "rotate", kMailer}, 0);
  EXPECT_EQ(agent.read_line(), "-ERR 'User Authentication Revoked'");
  EXPECT_FALSE(lets_in(old));
  EXPECT_TRUE(lets_in(creds(kMailer)));
}

// nats-server looks for a revocation before it adds a connection to its account, and ends only
// those that it finds there. Who is between the two is found by a second look, which only another
// account makes it take.
TEST_F(CliAuth, AWithdrawalIsPushedOnceMoreForWhoWasBeingLetInMeanwhile) {
  const std::string old = creds(kMailer);
  expect({"auth", "rotate", kMailer}, 0);
  const std::string kept = accounts_at_the_broker();
  EXPECT_TRUE(wait_until([&] { return accounts_at_the_broker() != kept; }));
  EXPECT_FALSE(lets_in(old));
  EXPECT_TRUE(lets_in(creds(kMailer)));
}

TEST_F(CliAuth, ABridgeComesBackWithItsRotatedKeys) {
  expect({"auth", "rotate", "bridge-1"}, 0);
  ASSERT_TRUE(wait_until(
      [&] { return estop_.said().find("estop-bridge runs again") != std::string::npos; }));
  EXPECT_TRUE(wait_until(
      [&] {
        return estop_.estop({"kill", "acme/prod/x", "--reason", "x"}).text.find("fenced     1/1") !=
               std::string::npos;
      },
      std::chrono::seconds(30)));
}

TEST_F(CliAuth, ControlComesBackWithItsRotatedKeys) {
  const std::string old = read_text(estop_.data() + "/creds/control-sys.creds");
  expect({"auth", "rotate", "control"}, 0);
  ASSERT_TRUE(wait_until(
      [&] { return estop_.said().find("estop-control runs again") != std::string::npos; }));
  EXPECT_TRUE(wait_until([&] { return !lets_in(old); }, std::chrono::seconds(30)));
  EXPECT_TRUE(wait_until([&] { return estop_.estop({"status"}).exit_code == 0; },
                         std::chrono::seconds(30)));
}

TEST_F(CliAuth, OnlyAnAdminRevokes) {
  const std::string agent = creds(kMailer);
  expect({"auth", "operator", "alice"}, 0);
  expect({"--as", "alice", "auth", "revoke", kMailer, "--reason", "x"}, 4);
  EXPECT_TRUE(lets_in(agent));
  expect({"auth", "revoke", kMailer, "--reason", "x"}, 0);
  EXPECT_FALSE(lets_in(agent));
}

TEST_F(CliAuth, AnOperatorOfAPartOfTheFleetOrdersThereOnly_H65) {
  expect({"auth", "operator", "carol", "--scope", "acme/prod/*"}, 0);
  EXPECT_NE(expect({"auth", "ls"}, 0).text.find(" acme/prod/*  CONTROL"), std::string::npos);
  for (const char* outside : {"*", "acme/*", "acme/staging/*", "acme/staging/x"}) {
    const auto refused = expect({"--as", "carol", "kill", outside, "-r", "x"}, 4);
    EXPECT_NE(refused.text.find("reaches acme/prod/* only"), std::string::npos) << refused.text;
  }
  expect({"--as", "carol", "kill", "acme/prod/x", "-r", "x", "--wait", "fenced"}, 0);
  expect({"kill", "acme/staging/x", "-r", "x", "--wait", "fenced"}, 0);
  const auto refused = expect({"--as", "carol", "resume", "acme/staging/x", "-r", "x", "--yes"}, 4);
  EXPECT_NE(refused.text.find("reaches acme/prod/* only"), std::string::npos) << refused.text;
  expect({"--as", "carol", "resume", "acme/prod/x", "-r", "x", "--yes"}, 0);
  EXPECT_NE(expect({"--as", "carol", "ps"}, 0).text.find("acme/staging/x"), std::string::npos)
      << "everybody may look at everything";
  expect({"auth", "operator", "carol", "--scope", "acme"}, 2);
  expect({"auth", "operator", "vera", "--role", "viewer", "--scope", "acme/*"}, 2);
}

// Whoever has a copy of the former file loses what he may no longer do.
TEST_F(CliAuth, AnOperatorWhoIsGivenLessHasANewKey_H65) {
  expect({"auth", "operator", "carol"}, 0);
  const std::string wide = creds_of("carol");
  EXPECT_TRUE(lets_in(wide));
  expect({"auth", "operator", "carol", "--scope", "acme/prod/*"}, 0);
  EXPECT_TRUE(wait_until([&] { return !lets_in(wide); }));
  const std::string narrow = creds_of("carol");
  expect({"auth", "operator", "carol"}, 0);  // says nothing of a scope: it stays
  EXPECT_EQ(creds_of("carol"), narrow);
  EXPECT_TRUE(lets_in(narrow));
  expect({"auth", "revoke", "carol", "--reason", "x"}, 0);
  expect({"auth", "operator", "carol"}, 0);
  EXPECT_NE(expect({"auth", "ls"}, 0).text.find("acme/prod/*  CONTROL"), std::string::npos);
  expect({"--as", "carol", "kill", "acme/*", "-r", "x"}, 4);  // nor has she more by a new key
}

// A path that is printed demotes nobody; who was revoked is no admin any more.
TEST_F(CliAuth, AnAdminStaysOneUntilRevoked_H65) {
  expect({"auth", "operator", "dora", "--role", "admin"}, 0);
  const std::string first = creds_of("dora");
  expect({"auth", "operator", "dora"}, 0);
  EXPECT_EQ(creds_of("dora"), first);
  const std::string agent = creds(kMailer);
  expect({"auth", "revoke", "dora", "--reason", "x"}, 0);
  expect({"auth", "operator", "dora"}, 0);
  expect({"--as", "dora", "auth", "revoke", kMailer, "--reason", "x"}, 4);
  EXPECT_TRUE(lets_in(agent));
}

// The new key was written before control said no: the agent's next start was refused.
TEST_F(CliAuth, ARotationThatIsRefusedChangesNoFile) {
  const std::string agent = creds(kMailer);
  expect({"auth", "operator", "alice"}, 0);
  expect({"auth", "operator", "vera", "--role", "viewer"}, 0);
  const std::string before = files();
  expect({"--as", "alice", "auth", "rotate", kMailer}, 4);
  expect({"--as", "alice", "auth", "rotate", "bridge-1"}, 4);
  expect({"--as", "alice", "auth", "rotate", "control"}, 4);
  expect({"--as", "vera", "auth", "rotate", kMailer}, 4);
  expect({"--as", "nobody", "auth", "rotate", kMailer}, 3);
  expect({"auth", "rotate", "acme/prod/nobody"}, 3);
  EXPECT_EQ(files(), before);
  const pid_t control = estop_.child("estop-control");
  ASSERT_GT(control, 0);
  ASSERT_EQ(::kill(control, SIGSTOP), 0);
  EXPECT_NE(estop_.estop({"--timeout", "1s", "auth", "rotate", kMailer}).exit_code, 0);
  EXPECT_EQ(files(), before) << "control that does not answer has not said yes";
  ASSERT_EQ(::kill(control, SIGCONT), 0);
  EXPECT_TRUE(lets_in(agent));
}

TEST_F(CliAuth, ARevokedOperatorIsDenied) {
  expect({"auth", "operator", "bob", "--role", "viewer"}, 0);
  expect({"--as", "bob", "ps"}, 0);
  expect({"--as", "bob", "kill", kMailer, "--reason", "x"}, 4);
  expect({"auth", "revoke", "bob", "--reason", "left the team"}, 0);
  expect({"--as", "bob", "ps"}, 4);
  EXPECT_NE(expect({"audit", "list"}, 0).text.find("left the team"), std::string::npos);
}

TEST_F(CliAuth, ARevocationOutlivesARestartOfEverythingAndALostResolverFolder) {
  const std::string old = creds(kMailer);
  expect({"auth", "revoke", kMailer, "--reason", "x"}, 0);
  ASSERT_NO_FATAL_FAILURE(restart());
  EXPECT_FALSE(lets_in(old));
  fs::remove_all(resolver());
  ASSERT_NO_FATAL_FAILURE(restart());
  EXPECT_FALSE(lets_in(old));
}

TEST_F(CliAuth, AResolverFolderThatIsEmptiedUnderARunningBrokerIsFilledAgain) {
  for (const auto& file : fs::directory_iterator(resolver())) fs::remove(file);
  EXPECT_TRUE(
      wait_until([&] { return kept() == control::kAccounts.size(); }, std::chrono::seconds(40)));
  EXPECT_NE(expect({"audit", "list"}, 0).text.find("alarm-claims-differ"), std::string::npos);
}

// H38: somebody with a credential for SYS brings an older account back, and with it the revoked.
TEST_F(CliAuth, H38AnOlderAccountIsNoticedAndPutRight) {
  const std::string old = creds(kMailer);
  const std::string before = read_text(estop_.data() + "/accounts/AGENTS.jwt");
  expect({"auth", "revoke", kMailer, "--reason", "x"}, 0);
  RawNats attacker = connected(read_text(estop_.data() + "/creds/control-sys.creds"));
  attacker.publish("$SYS.REQ.CLAIMS.UPDATE", before);
  ASSERT_TRUE(attacker.sync().errors.empty());
  EXPECT_TRUE(wait_until([&] { return lets_in(old); })) << "the broker takes what it gets";
  EXPECT_TRUE(wait_until([&] { return !lets_in(old); }, std::chrono::seconds(30)));
  EXPECT_NE(expect({"audit", "list"}, 0).text.find("alarm-claims-differ"), std::string::npos);
}

TEST(CliAuthOffline, ARevocationTakesEffectAtTheNextStart) {
  Embedded estop;
  ASSERT_EQ(estop.estop({"auth", "init"}).exit_code, 0);
  std::string path = estop.estop({"auth", "agent", kMailer}).text;
  path.pop_back();
  const std::string old = read_text(path);
  const Outcome revoked = estop.estop({"auth", "revoke", kMailer, "--reason", "x"});
  EXPECT_EQ(revoked.exit_code, 0) << revoked.text;
  EXPECT_NE(revoked.text.find("from its next start on"), std::string::npos) << revoked.text;
  ASSERT_NO_FATAL_FAILURE(estop.up());
  EXPECT_FALSE(RawNats::connect(estop.broker_port(), old).has_value());
}

TEST(CliAuthOffline, MistakesHaveTheirExitCodeAndTheWayOut) {
  const Embedded estop;
  EXPECT_EQ(estop.estop({"auth", "ls"}).exit_code, 3) << "no data folder yet";
  ASSERT_EQ(estop.estop({"auth", "init"}).exit_code, 0);
  EXPECT_EQ(estop.estop({"auth", "rotate", "nobody"}).exit_code, 3);
  EXPECT_EQ(estop.estop({"auth", "revoke", "control", "--reason", "x"}).exit_code, 2);
  EXPECT_EQ(estop.estop({"auth", "revoke", kMailer}).exit_code, 2);
  EXPECT_EQ(estop.estop({"auth", "agent", "acme"}).exit_code, 2);
  EXPECT_EQ(estop.estop({"auth", "operator", "bridge-1"}).exit_code, 2);
  const Outcome list = estop.estop({"auth", "ls"});
  EXPECT_NE(list.text.find("admin"), std::string::npos) << list.text;
}

TEST(CliAuthOffline, ACopyThatCannotBeMadeMakesNoCredential) {
  const Embedded estop;
  ASSERT_EQ(estop.estop({"auth", "init"}).exit_code, 0);
  testing::write_text(estop.file("taken"), "somebody's");
  const std::string before = files_of(estop);
  for (const std::string& out : {estop.file("taken"), estop.file("no/such/folder/x")}) {
    EXPECT_NE(estop.estop({"auth", "agent", kMailer, "--out", out}).exit_code, 0) << out;
    EXPECT_EQ(files_of(estop), before) << out;
  }
  EXPECT_EQ(read_text(estop.file("taken")), "somebody's");
  EXPECT_EQ(estop.estop({"auth", "agent", kMailer, "--out", estop.file("free")}).exit_code, 0);
}

}  // namespace
}  // namespace estop::cli
