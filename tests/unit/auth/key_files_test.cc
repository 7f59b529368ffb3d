// SPDX-License-Identifier: Apache-2.0

// Keys and credentials on disk: made once, whole or not at all, readable by their owner alone.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/auth/auth.h"
#include "tests/unit/auth/people.h"

namespace estop::control {
namespace {

namespace fs = std::filesystem;
using schemas::Address;
using schemas::Errc;
using schemas::Segment;
using schemas::Subjects;

class KeyFiles : public testing::Test {
 protected:
  KeyFiles() {
    std::string made = fs::temp_directory_path() / "estop-keys-XXXXXX";
    folder_ = ::mkdtemp(made.data());
  }
  ~KeyFiles() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  // Keeps the mode.
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::trunc) << text;
  }
  [[nodiscard]] mode_t mode(const std::string& name) const {
    struct stat status {};
    return ::lstat(path(name).c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }
  [[nodiscard]] std::string keyring_problem() const {
    const auto keys = open_keyring(folder_);
    return keys ? "" : keys.error().detail;
  }
  schemas::Result<std::string> creds(const Role& role, Account account,
                                     const Subjects& subjects = Subjects::standard()) const {
    return open_creds(folder_, *open_keyring(folder_), role, account, subjects, 1);
  }

  std::string folder_;
};

TEST_F(KeyFiles, AreReadableByTheirOwnerAlone) {
  const mode_t before = ::umask(0);  // not even a careless umask opens them
  ASSERT_TRUE(open_keyring(folder_).has_value());
  ASSERT_TRUE(creds(kMailer, Account::kAgents).has_value());
  ::umask(before);
  EXPECT_EQ(mode("keys"), 0700U);
  EXPECT_EQ(mode("creds"), 0700U);
  for (const char* name :
       {"keys/operator.seed", "keys/agents.seed", "keys/control.seed", "keys/sys.seed",
        "keys/log.seed", "keys/log.pub", "creds/agent-acme.prod.mailer.creds", "credentials.jsonl",
        "accounts/AGENTS.jwt", "auth.lock"}) {
    EXPECT_EQ(mode(name), 0600U) << name;
  }
}

TEST_F(KeyFiles, LeaveNothingElseBehind) {
  ASSERT_TRUE(open_log_key(folder_).has_value());
  ASSERT_TRUE(creds(kAlice, Account::kControl).has_value());
  int entries = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) entries += entry.exists();
  // three folders, six files of keys, three of accounts, one of credentials, register, lock
  EXPECT_EQ(entries, 15);
}

TEST_F(KeyFiles, SecondOpenGivesTheSameKeys) {
  const auto first = open_keyring(folder_);
  const auto again = open_keyring(folder_);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->operator_key.public_key(), again->operator_key.public_key());
  EXPECT_EQ(first->agents_account.public_key(), again->agents_account.public_key());
  EXPECT_EQ(first->control_account.public_key(), again->control_account.public_key());
  EXPECT_EQ(first->sys_account.public_key(), again->sys_account.public_key());
  EXPECT_EQ(open_log_key(folder_)->public_key(), open_log_key(folder_)->public_key());
}

TEST_F(KeyFiles, HalfWrittenSeedIsRefusedAndNotReplaced) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  const std::string seed = read("keys/agents.seed");
  for (std::size_t size = 0; size < seed.size(); ++size) {
    write("keys/agents.seed", seed.substr(0, size));
    EXPECT_NE(keyring_problem().find("keys/agents.seed: damaged or half written"),
              std::string::npos)
        << size;
  }
  EXPECT_EQ(read("keys/agents.seed"), seed.substr(0, seed.size() - 1));
}

TEST_F(KeyFiles, ASeedOfAnotherKindIsRefused) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  write("keys/agents.seed", read("keys/operator.seed"));
  EXPECT_NE(keyring_problem().find("a key of another kind"), std::string::npos);
}

TEST_F(KeyFiles, AMissingSeedIsNamedAndNotMadeAnew) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  fs::remove(path("keys/sys.seed"));
  EXPECT_NE(keyring_problem().find("keys/sys.seed: there is no such file"), std::string::npos);
  EXPECT_FALSE(fs::exists(path("keys/sys.seed")));
}

TEST_F(KeyFiles, WrongModeIsRefused) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  fs::permissions(path("keys/operator.seed"), fs::perms(0604));
  EXPECT_NE(keyring_problem().find("keys/operator.seed: others may read it (mode 0604)"),
            std::string::npos);
  fs::permissions(path("keys/operator.seed"), fs::perms(0640));
  EXPECT_TRUE(open_keyring(folder_)) << "the group may";
  fs::permissions(path("keys"), fs::perms(0750));
  EXPECT_NE(keyring_problem().find("/keys: others may use it"), std::string::npos);
}

TEST_F(KeyFiles, ALinkIsRefused) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  fs::rename(path("keys/operator.seed"), path("elsewhere"));
  fs::create_symlink(path("elsewhere"), path("keys/operator.seed"));
  EXPECT_NE(keyring_problem().find("keys/operator.seed: is a link"), std::string::npos);
}

TEST_F(KeyFiles, AnotherUsersKeysAreRefused) {
  ASSERT_TRUE(open_keyring(folder_).has_value());
  if (::chown(path("keys/operator.seed").c_str(), 1, 1) != 0) GTEST_SKIP() << "needs root";
  EXPECT_NE(keyring_problem().find("belongs to another user"), std::string::npos);
}

TEST_F(KeyFiles, ALogKeyThatDoesNotFitItsPublicHalfIsRefused) {
  ASSERT_TRUE(open_log_key(folder_).has_value());
  write("keys/log.pub", "U\n");
  const auto key = open_log_key(folder_);
  ASSERT_FALSE(key.has_value());
  EXPECT_NE(key.error().detail.find("log.pub: is not of log.seed"), std::string::npos);
}

TEST_F(KeyFiles, AnUnwritableFolderIsNamed) {
  write("file", "");
  const auto keys = open_keyring(path("file"));
  ASSERT_FALSE(keys.has_value());
  EXPECT_EQ(keys.error().code, Errc::kStoreUnavailable);
  EXPECT_NE(keys.error().detail.find("file/keys"), std::string::npos);
}

TEST_F(KeyFiles, PartsThatConnectTwiceGetAFileForEachAccount) {
  const Role bridge = BridgeRole{*Segment::parse("b1")};
  EXPECT_EQ(creds(bridge, Account::kAgents), path("creds/bridge-b1-agents.creds"));
  EXPECT_EQ(creds(bridge, Account::kControl), path("creds/bridge-b1-control.creds"));
  EXPECT_EQ(creds(ControlRole{}, Account::kSys), path("creds/control-sys.creds"));
  EXPECT_EQ(creds(kAlice, Account::kControl), path("creds/operator-alice.creds"));
  EXPECT_EQ(creds(kMailer, Account::kAgents), path("creds/agent-acme.prod.mailer.creds"));
}

TEST_F(KeyFiles, SecondOpenGivesTheSameCredentials) {
  ASSERT_TRUE(creds(kMailer, Account::kAgents).has_value());
  const std::string first = read("creds/agent-acme.prod.mailer.creds");
  ASSERT_TRUE(creds(kMailer, Account::kAgents).has_value());
  EXPECT_EQ(read("creds/agent-acme.prod.mailer.creds"), first);
}

TEST_F(KeyFiles, CredentialsOfOldPermissionsAreIssuedAnewForTheSameKey) {
  const std::string name = "creds/agent-acme.prod.mailer.creds";
  ASSERT_TRUE(creds(kMailer, Account::kAgents, Subjects(*Segment::parse("old"))).has_value());
  const std::string old = read(name);
  ASSERT_TRUE(creds(kMailer, Account::kAgents).has_value());
  EXPECT_NE(read(name), old);
  EXPECT_EQ(schemas::key_from_creds(read(name))->public_key(),
            schemas::key_from_creds(old)->public_key());
  EXPECT_EQ(mode(name), 0600U);
}

TEST_F(KeyFiles, HalfWrittenCredentialsAreRefused) {
  const std::string name = "creds/operator-alice.creds";
  ASSERT_TRUE(creds(kAlice, Account::kControl).has_value());
  const std::string whole = read(name);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write(name, whole.substr(0, size));
    const auto opened = creds(kAlice, Account::kControl);
    ASSERT_FALSE(opened.has_value()) << size;
    EXPECT_NE(opened.error().detail.find("damaged or half written"), std::string::npos);
  }
}

TEST_F(KeyFiles, CredentialsOfOtherKeysAreRefused) {
  ASSERT_TRUE(creds(kAlice, Account::kControl).has_value());
  const auto opened =
      open_creds(folder_, Keyring::generate(), kAlice, Account::kControl, Subjects::standard(), 1);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().detail.find("made for other keys"), std::string::npos);
}

TEST_F(KeyFiles, ANameBelongsToOneRole) {
  ASSERT_TRUE(creds(kAlice, Account::kControl).has_value());
  for (const Role& rival :
       {Role(ViewerRole{*Segment::parse("alice")}), Role(BridgeRole{*Segment::parse("alice")})}) {
    const auto opened = creds(rival, Account::kControl);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::kBadArgument);
    EXPECT_NE(opened.error().detail.find("operator-alice.creds"), std::string::npos);
  }
}

TEST_F(KeyFiles, ARoleWithoutAUserInTheAccountGetsNoFile) {
  EXPECT_EQ(creds(kMailer, Account::kControl).error().code, Errc::kBadArgument);
  EXPECT_EQ(creds(OperatorRole{*Segment::parse("control")}, Account::kControl).error().code,
            Errc::kBadArgument);
}

}  // namespace
}  // namespace estop::control
