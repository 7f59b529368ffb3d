// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/files.h"

#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "broker-bridge/daemon/checks.h"
#include "tests/support/temp_dir.h"

namespace estop::daemon {
namespace {

namespace fs = std::filesystem;
using estop::testing::read_text;
using estop::testing::TempDir;
using estop::testing::write_text;
using schemas::Errc;

class Files : public ::testing::Test {
 protected:
  std::string make(const std::string& name, const std::string& text, unsigned mode = 0600) {
    const std::string path = folder_.file(name);
    write_text(path, text);
    fs::permissions(path, fs::perms(mode));
    return path;
  }
  static std::string problem(const std::string& path, const FileRules& rules = {}) {
    const auto text = read_file(path, rules);
    return text ? "" : text.error().detail;
  }
  TempDir folder_;
};

TEST_F(Files, AreReadWhole) {
  const std::string text = std::string(70'000, 'x') + '\0' + "end";
  EXPECT_EQ(read_file(make("plain", text)), text);
}

TEST_F(Files, EveryFailureNamesTheFileAndTheCause) {
  fs::create_directory(folder_.file("folder"));
  ASSERT_EQ(::mkfifo(folder_.file("pipe").c_str(), 0600), 0);
  make("file", "x");
  struct Row {
    std::string path;
    std::string says;
  };
  for (const auto& [path, says] : std::vector<Row>{
           {folder_.file("none"), "there is no such file"},
           {folder_.file("file") + "/below", "there is no such file"},
           {folder_.file("folder"), "is a folder, not a file"},
           {folder_.file("pipe"), "is no plain file"},
           {make("empty", ""), "is empty"},
           {make("large", std::string(11, 'x')), "is too large: 11 bytes, at most 10"},
       }) {
    EXPECT_EQ(problem(path, {.max_bytes = 10}), path + ": " + says);
  }
  EXPECT_EQ(read_file(folder_.file("none")).error().code, Errc::kNotFound);
  EXPECT_EQ(read_file(folder_.file("folder")).error().code, Errc::kStoreUnavailable);
  EXPECT_EQ(read_file(folder_.file("empty"), {.may_be_empty = true}), "");
}

TEST_F(Files, WhatThisUserMayNotReadIsPermissionDenied) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto path = make("closed", "x", 0);
  EXPECT_TRUE(problem(path).starts_with(path + ": permission denied to user "));
  fs::create_directory(folder_.file("shut"));
  fs::permissions(folder_.file("shut"), fs::perms(0));
  EXPECT_NE(problem(folder_.file("shut/file")).find("permission denied"), std::string::npos);
  fs::permissions(folder_.file("shut"), fs::perms(0700));
}

TEST_F(Files, ASecretIsForItsOwnerAndItsGroupAlone) {
  struct Row {
    unsigned mode;
    std::string others_may;  // empty: it is read
  };
  for (const auto& [mode, others_may] : std::vector<Row>{{0400, ""},
                                                         {0600, ""},
                                                         {0440, ""},
                                                         {0660, ""},
                                                         {0601, ""},
                                                         {0604, "read"},
                                                         {0644, "read"},
                                                         {0602, "write"},
                                                         {0666, "read and write"},
                                                         {0777, "read and write"}}) {
    const auto path = make("a secret", "x", mode);
    const auto text = read_private_file(path);
    EXPECT_EQ(text.has_value(), others_may.empty()) << std::oct << mode;
    EXPECT_EQ(exposed(path).has_value(), !others_may.empty()) << std::oct << mode;
    if (text || others_may.empty()) continue;
    EXPECT_EQ(text.error().detail,
              fmt::format("{}: others may {} it (mode {:04o}): if nobody has, run `chmod o= '{}'`",
                          path, others_may, mode, path));
    EXPECT_TRUE(read_file(path)) << "no secret";
  }
}

TEST_F(Files, AMountedSecretIsBehindALinkAndItsModeIsTheFiles) {
  fs::create_symlink(make("..data", "x", 0440), folder_.file("link"));
  EXPECT_EQ(read_private_file(folder_.file("link")), "x");
  EXPECT_EQ(problem(folder_.file("link"), {.is_own = true}),
            folder_.file("link") + ": is a link: put the file itself there");
  fs::permissions(folder_.file("..data"), fs::perms(0444));
  EXPECT_FALSE(read_private_file(folder_.file("link")));
}

TEST_F(Files, AreReplacedWholeOrNotAtAll) {
  EXPECT_TRUE(replace_file(make("file", "old"), "new"));
  EXPECT_EQ(read_text(folder_.file("file")), "new");
  EXPECT_FALSE(fs::exists(folder_.file("file.new")));
  const auto missing = replace_file(folder_.file("none/file"), "new");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("its folder is missing"), std::string::npos);
}

TEST_F(Files, AReadyFileIsThereOnlyWhileItsOwnerIs) {
  const auto path = make("ready", "4711\n");
  {
    ReadyFile ready(path);
    EXPECT_FALSE(fs::exists(path)) << "an earlier process left it";
    ASSERT_TRUE(ready.write(9622));
    EXPECT_EQ(read_text(path), "9622\n");
  }
  EXPECT_FALSE(fs::exists(path));
  {
    ReadyFile ready(path);
    ASSERT_TRUE(ready.write(9622));
    write_text(path, "9623\n");
  }
  EXPECT_EQ(read_text(path), "9623\n") << "a successor's";
}

TEST(ShellWord, IsOneWordWhateverIsInIt) {
  EXPECT_EQ(shell_word("/var/lib/estop-1_a.seed"), "/var/lib/estop-1_a.seed");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Endpoints, AreAnAddressOfEitherFamilyAndAPort) {
  struct Row {
    std::string text;
    std::optional<Endpoint> means;
  };
  for (const auto& [text, means] : std::vector<Row>{{"127.0.0.1:0", Endpoint{"127.0.0.1", 0}},
                                                    {"0.0.0.0:65535", Endpoint{"0.0.0.0", 65535}},
                                                    {"[::1]:9622", Endpoint{"::1", 9622}},
                                                    {"[::]:0", Endpoint{"::", 0}},
                                                    {"", std::nullopt},
                                                    {"127.0.0.1", std::nullopt},
                                                    {"127.0.0.1:", std::nullopt},
                                                    {"127.0.0.1:65536", std::nullopt},
                                                    {"127.0.0.1:-1", std::nullopt},
                                                    {"127.0.0.1:1x", std::nullopt},
                                                    {":9622", std::nullopt},
                                                    {"localhost:9622", std::nullopt},
                                                    {"::1:9622", std::nullopt},
                                                    {"[127.0.0.1]:1", std::nullopt},
                                                    {"[::1]", std::nullopt},
                                                    {"[]:1", std::nullopt}}) {
    const auto parsed = parse_endpoint("--listen", text);
    ASSERT_EQ(parsed.has_value(), means.has_value()) << text;
    if (means) {
      EXPECT_EQ(*parsed, *means);
      EXPECT_EQ(to_text(*parsed), text);
    } else {
      EXPECT_TRUE(parsed.error().detail.starts_with("--listen '" + text + "': "));
    }
  }
}

TEST(Exposure, BeyondTheLoopbackNeedsTlsOrAWord) {
  for (const auto& [listen, is_loopback] : std::vector<std::pair<std::string, bool>>{
           {"127.0.0.1:0", true},
           {"127.9.9.9:1", true},
           {"[::1]:0", true},
           {"0.0.0.0:0", false},
           {"[::]:0", false},
           {"192.0.2.1:1", false},
           {"[2001:db8::1]:1", false},
           {"[::ffff:192.0.2.1]:1", false},
       }) {
    EXPECT_EQ(check_listen(listen, false, false).has_value(), is_loopback) << listen;
    EXPECT_TRUE(check_listen(listen, true, false)) << listen;
    EXPECT_TRUE(check_listen(listen, false, true)) << listen;
  }
}

TEST_F(Files, ASeedInPlaceOfAPublicKeyIsNeverShown) {
  const auto key = schemas::SigningKey::generate(schemas::KeyRole::kUser);
  for (const auto& given : {key.seed_text(), make("log.seed", key.seed_text() + "\n")}) {
    const auto taken = option_public_key("--control-key", given);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().detail.find(key.seed_text()), std::string::npos);
    EXPECT_NE(taken.error().detail.find("secret seed"), std::string::npos);
  }
  EXPECT_EQ(option_public_key("--control-key", key.public_text()), key.public_key());
  EXPECT_EQ(option_public_key("--control-key", make("log.pub", key.public_text() + "\n")),
            key.public_key());
}

}  // namespace
}  // namespace estop::daemon
