// SPDX-License-Identifier: Apache-2.0

// The audit as files: exported, cut, and checked together with what is left.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/integration/cli/embedded.h"
#include "tests/support/small_disk.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::read_text;
using testing::wait_until;
using Words = std::vector<std::string>;

class CliAudit : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(estop.up());
    for (const char* id : {"k1", "k2", "k3"}) {
      ASSERT_EQ(estop
                    .estop({"kill", "acme/prod/" + std::string(id), "--reason", "sends spam",
                            "--op-id", id})
                    .exit_code,
                0);
    }
  }
  Outcome audit(Words words) {
    words.insert(words.begin(), "audit");
    return estop.estop(std::move(words));
  }
  // The file of an export up to the newest kill.
  std::string exported(const std::string& name = "first.jsonl", Words more = {}) {
    const std::string file = estop.file(name);
    more.insert(more.begin(), {"export", "--out", file});
    const Outcome outcome = audit(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.text;
    return file;
  }
  Outcome cut(const std::string& file, Words more = {}) {
    more.insert(more.begin(), {"cut", file, "--reason", "the disk is small", "--yes"});
    return audit(more);
  }
  std::uint64_t first() {
    const auto rows = json::parse(audit({"export"}).out.substr(0, audit({"export"}).out.find('\n')),
                                  nullptr, false);
    return rows.is_object() ? rows.value("number", 0U) : 0;
  }
  bool is_up() {
    return wait_until([&] { return estop.estop({"status"}).says("leading"); },
                      std::chrono::seconds(30));
  }
  void end_control() {
    const pid_t before = estop.child("estop-control");
    ASSERT_GT(before, 0);
    ::kill(before, SIGKILL);
    ASSERT_TRUE(wait_until([&] { return estop.child("estop-control") != before; }));
  }
  Embedded estop;
};

TEST_F(CliAudit, WhatWasExportedIsCutAndBothTogetherAreOneChain) {
  const std::string file = exported();
  const Outcome done = cut(file, {"--kept-at", "backup:/first.jsonl"});
  ASSERT_EQ(done.exit_code, 0) << done.text;
  EXPECT_TRUE(done.says("were cut from the audit")) << done.text;
  EXPECT_TRUE(done.says("This takes the entries up to")) << done.text;
  for (int life = 0; life < 2; ++life) {
    const Outcome alone = audit({"verify"});
    EXPECT_EQ(alone.exit_code, 0) << alone.text;
    EXPECT_TRUE(alone.says("the chain is whole")) << alone.text;
    EXPECT_TRUE(alone.says("backup:/first.jsonl")) << alone.text;
    const Outcome both = audit({"verify", file});
    EXPECT_EQ(both.exit_code, 0) << both.text;
    EXPECT_TRUE(both.says("they are one chain")) << both.text;
    const Outcome list = audit({"list"});
    EXPECT_TRUE(list.says("are in backup:/first.jsonl")) << list.text;
    const Outcome of_one = audit({"list", "--op-id", "k1", "-o", "json"});
    EXPECT_TRUE(of_one.says("are in backup:/first.jsonl")) << of_one.text;
    EXPECT_FALSE(of_one.says("\"k2\"")) << of_one.text;
    EXPECT_TRUE(estop.estop({"ps"}).says("k1"));
    const Outcome again = estop.estop({"kill", "acme/prod/k1", "--reason", "x", "--op-id", "k1"});
    EXPECT_TRUE(again.says("was cut away since and is in backup:/first.jsonl")) << again.text;
    if (life > 0) break;
    ASSERT_NO_FATAL_FAILURE(end_control());
    ASSERT_TRUE(is_up()) << estop.said();
  }
  // The next one begins where the first ended.
  const std::string second = exported("second.jsonl");
  ASSERT_EQ(cut(second).exit_code, 0);
  EXPECT_EQ(audit({"verify", file, second}).exit_code, 0);
  const Outcome lacking = audit({"verify", file});
  EXPECT_EQ(lacking.exit_code, 1) << lacking.text;
  EXPECT_TRUE(lacking.says("neither in these files nor in the audit")) << lacking.text;
  EXPECT_TRUE(audit({"list"}).says("are in backup:/first.jsonl"));
}

TEST_F(CliAudit, APartOfAnExportIsCutToo) {
  const std::string file = exported();
  ASSERT_EQ(cut(file, {"--through", "3"}).exit_code, 0);
  EXPECT_EQ(first(), 4U);
  EXPECT_EQ(audit({"verify", file}).exit_code, 0);
  const Outcome again = cut(file, {"--through", "3"});
  EXPECT_EQ(again.exit_code, 0) << "the same cut: " << again.text;
  const Outcome less = cut(file, {"--through", "2"});
  EXPECT_EQ(less.exit_code, 1) << less.text;
  EXPECT_TRUE(less.says("entry 2 was cut away before")) << less.text;
  EXPECT_EQ(cut(file).exit_code, 0);
}

// What is not as it should be, and what is said then. Nothing is cut.
TEST_F(CliAudit, WhatDoesNotFitIsRefusedAndNothingIsCut) {
  const std::string file = exported("whole.jsonl");
  const std::string later = exported("later.jsonl", {"--after", "2"});
  const std::string whole = read_text(file);
  const auto with = [&](const std::string& name, const std::string& text) {
    std::ofstream(estop.file(name)) << text;
    return estop.file(name);
  };
  std::string changed = whole;
  changed.replace(changed.find("sends spam"), 5, "SENDS");
  const auto second_line = whole.find('\n') + 1;
  std::string gap = whole;
  gap.erase(second_line, gap.find('\n', second_line) + 1 - second_line);
  ASSERT_EQ(estop.estop({"auth", "operator", "olga", "--role", "operator"}).exit_code, 0);
  const struct {
    const char* why;
    Words words;
    int exit_code;
    const char* says;
  } cases[] = {
      {"a file that is there", {"export", "--out", file}, 1, "exists and is not overwritten"},
      {"in no folder", {"export", "--out", estop.file("no/x")}, 1, "No such file"},
      {"nothing to export", {"export", "--out", estop.file("n"), "--after", "9999"}, 3, "no such"},
      {"nobody to ask", {"cut", file, "--reason", "x"}, 2, "no terminal to ask on"},
      {"no reason", {"cut", file, "--yes"}, 2, "needs a reason"},
      {"no file", {"cut", estop.file("none"), "--reason", "x", "--yes"}, 1, "cannot open"},
      {"a folder", {"cut", estop.data(), "--reason", "x", "--yes"}, 1, "no plain file"},
      {"an empty file", {"cut", with("e", ""), "--reason", "x", "--yes"}, 1, "holds no entry"},
      {"no export", {"cut", with("t", "hello\n"), "--reason", "x", "--yes"}, 1, "no entry of"},
      {"torn",
       {"cut", with("h", whole.substr(0, whole.size() - 9)), "--reason", "x", "--yes"},
       1,
       "its last line has no end"},
      {"changed", {"cut", with("c", changed), "--reason", "x", "--yes"}, 1, "was changed"},
      {"a gap", {"cut", with("g", gap), "--reason", "x", "--yes"}, 1, "is missing"},
      {"too far", {"cut", file, "--through", "9999", "--reason", "x", "--yes"}, 1, "not 9999"},
      {"begins late", {"cut", later, "--reason", "x", "--yes"}, 1, "would be lost"},
      {"no admin", {"cut", file, "--reason", "x", "--yes", "--as", "olga"}, 4, ""},
      {"changed, to be verified", {"verify", estop.file("c")}, 1, "was changed"},
  };
  for (const auto& each : cases) {
    const Outcome outcome = audit(each.words);
    EXPECT_EQ(outcome.exit_code, each.exit_code) << each.why << ": " << outcome.text;
    EXPECT_TRUE(outcome.says(each.says)) << each.why << ": " << outcome.text;
  }
  EXPECT_EQ(first(), 1U);
  EXPECT_TRUE(audit({"verify", file}).says("they are one chain"));
  EXPECT_FALSE(fs::exists(estop.file("n")));
}

TEST_F(CliAudit, AnExportOfAnotherEstopCutsNothing) {
  const std::string file = exported();
  estop.process().signal(SIGINT);
  ASSERT_TRUE(estop.process().wait(std::chrono::seconds(20)));
  const Outcome nobody = cut(file);
  EXPECT_EQ(nobody.exit_code, 5) << "nothing runs: " << nobody.text;
  estop.use("other");
  ASSERT_NO_FATAL_FAILURE(SetUp());
  while (audit({"export"}).out.size() < read_text(file).size()) {
    ASSERT_EQ(estop.estop({"kill", "acme/x/y", "--reason", "x"}).exit_code, 0);
  }
  const Outcome done = cut(file);
  EXPECT_EQ(done.exit_code, 1) << done.text;
  EXPECT_TRUE(done.says("is not the audit's")) << done.text;
  const Outcome verified = audit({"verify", file});
  EXPECT_EQ(verified.exit_code, 1) << verified.text;
  EXPECT_EQ(first(), 1U);
}

TEST_F(CliAudit, ADiskThatIsFullLeavesNoExport) {
  const testing::SmallDisk disk(estop.file("small"), 1);
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small file system";
  disk.fill();
  const Outcome outcome = audit({"export", "--out", estop.file("small/x.jsonl")});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.text;
  EXPECT_TRUE(outcome.says("No space left")) << outcome.text;
  std::size_t files = 0;
  for (const auto& each : fs::directory_iterator(estop.file("small"))) files += each.exists();
  EXPECT_EQ(files, 1U) << "the filler alone";
}

TEST_F(CliAudit, ControlKilledInACutBeginsWhereItDidOrBehindIt) {  // H48
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  std::uint64_t begin = 1;
  for (int round = 0; round < 3; ++round) {
    const std::string file = exported("round-" + std::to_string(round));
    const auto last = json::parse(read_text(file).substr(
        read_text(file).rfind('\n', read_text(file).size() - 2) + 1))["number"]
                          .get<std::uint64_t>();
    auto cutting = estop.begin({"audit", "cut", file, "--reason", "x", "--yes", "--timeout", "2s"},
                               estop.file("cut.log"));
    const auto late = std::chrono::milliseconds(std::uniform_int_distribution<int>(0, 60)(random));
    (void)cutting.wait(late);
    ASSERT_NO_FATAL_FAILURE(end_control());
    ASSERT_TRUE(cutting.wait(std::chrono::seconds(20)));
    ASSERT_TRUE(is_up()) << estop.said();
    const std::uint64_t now = first();
    EXPECT_TRUE(now == begin || now == last + 1) << now << ", seed " << seed;
    EXPECT_EQ(audit({"verify"}).exit_code, 0) << "seed " << seed;
    const Outcome again = cut(file);
    EXPECT_EQ(again.exit_code, 0) << again.text << "seed " << seed;
    EXPECT_EQ(first(), last + 1);
    begin = last + 1;
  }
}

}  // namespace
}  // namespace estop::cli
