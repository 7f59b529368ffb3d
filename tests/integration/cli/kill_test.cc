// SPDX-License-Identifier: Apache-2.0

// A kill at 3 am: the broker is silent or away, files are missing, torn or somebody else's, the
// name server does not answer.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "tests/integration/cli/embedded.h"
#include "tests/support/small_disk.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::read_text;
using testing::wait_until;
using Words = std::vector<std::string>;

constexpr milliseconds kLong{60'000};

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

class CliKill : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(estop_.up()); }

  daemon::ChildProcess begin(Words more) {
    Words words{"kill", "acme/prod/x", "--reason", "a drill", "--op-id", "night-1"};
    words.insert(words.end(), more.begin(), more.end());
    return estop_.begin(std::move(words), log());
  }
  [[nodiscard]] std::string log() const { return estop_.file("kill.log"); }
  [[nodiscard]] std::string said() const { return read_text(log()); }
  bool has_told_its_id() {
    return wait_until([&] { return has(said(), "order night-1\n"); });
  }

  // Stopped is who says so: a signal takes its time.
  static bool freeze(pid_t process) {
    const std::string stat = "/proc/" + std::to_string(process) + "/stat";
    return process > 0 && ::kill(process, SIGSTOP) == 0 &&
           wait_until([&] { return has(read_text(stat), ") T "); });
  }

  Embedded estop_;
};

TEST_F(CliKill, ABrokerThatIsSilentForFourSecondsGetsTheOrderAllTheSame) {
  const pid_t broker = estop_.child("nats-server");
  ASSERT_TRUE(freeze(broker));
  daemon::ChildProcess order = begin({"--timeout", "30s"});
  EXPECT_TRUE(has_told_its_id()) << "before anything can go wrong";
  EXPECT_FALSE(order.wait(seconds(4))) << "gave up: " << said();
  ::kill(broker, SIGCONT);
  const auto end = order.wait(kLong);
  ASSERT_TRUE(end) << said();
  EXPECT_EQ(end->code, 0) << said();
  EXPECT_TRUE(has(said(), "fenced     1/1")) << said();
}

TEST_F(CliKill, ABrokerThatStartsAfterTheCommandGetsTheOrder) {
  const std::string url = estop_.run().url;
  const int port = estop_.broker_port();
  estop_.process().signal(SIGINT);
  ASSERT_TRUE(estop_.process().wait(seconds(20)));
  daemon::ChildProcess order = begin({"--timeout", "60s", "--url", url});
  EXPECT_TRUE(has_told_its_id());
  ASSERT_NO_FATAL_FAILURE(estop_.up({}, port));
  const auto end = order.wait(kLong);
  ASSERT_TRUE(end) << said();
  EXPECT_EQ(end->code, 0) << said();
}

TEST_F(CliKill, ABrokerThatDiesInTheMiddleIsAskedAgain) {
  ASSERT_TRUE(freeze(estop_.child("estop-control")));
  daemon::ChildProcess order = begin({"--timeout", "30s"});
  EXPECT_TRUE(wait_until([&] { return has(said(), "latched    bridge-1"); })) << said();
  ::kill(estop_.child("nats-server"), SIGKILL);
  ::kill(estop_.child("estop-control"), SIGCONT);
  const auto end = order.wait(kLong);
  ASSERT_TRUE(end) << said();
  EXPECT_EQ(end->code, 0) << said();
}

TEST_F(CliKill, WithoutABrokerItEndsInTimeAndItsIdIsKnown) {
  const auto begin = std::chrono::steady_clock::now();
  const Outcome alone = estop_.estop({"kill", "a/b/c", "--reason", "x", "--op-id", "night-1",
                                      "--url", "nats://u:s3cret@127.0.0.1:1", "--timeout", "1s"});
  EXPECT_EQ(alone.exit_code, 5) << alone.text;
  EXPECT_TRUE(alone.says("order night-1\n")) << alone.text;
  EXPECT_FALSE(alone.says("s3cret")) << alone.text;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
}

TEST_F(CliKill, ASilentNameServerCostsNoMoreThanTheTimeout) {
  const std::string resolver = estop_.file("resolv.conf");
  std::ofstream(resolver) << "nameserver 192.0.2.1\n";
  if (estop_.script("unshare -rmn true").exit_code != 0) GTEST_SKIP() << "no right to namespaces";
  const std::string world =
      "unshare -rmn sh -c 'ip link set lo up && ip address add 192.0.2.2/32 "
      "dev lo && ip route add 192.0.2.0/24 dev lo && mount --bind " +
      resolver + " /etc/resolv.conf || exit 99; exec \"$@\"' sh \"$@\" ";
  for (const char* verb : {"kill a/b/c --reason x", "ps", "resume a/b/c --reason x --yes"}) {
    const auto begin = std::chrono::steady_clock::now();
    const Outcome asked = estop_.script(world + verb + " --timeout 1s --url nats://broker.example");
    if (asked.exit_code == 99) GTEST_SKIP() << asked.text;
    EXPECT_EQ(asked.exit_code, 5) << verb << asked.text;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(6)) << verb;
  }
}

// --- What it needs ---

// A copy of the data folder, one file of which has something done to it.
class CliKillNeeds : public CliKill {
 protected:
  std::string fresh() {
    const std::string copy = estop_.file("copy");
    fs::remove_all(copy);
    fs::create_directories(copy);
    for (const char* part : {"keys", "creds", "accounts"}) {
      fs::copy(estop_.data() + "/" + part, copy + "/" + part, fs::copy_options::recursive);
    }
    for (const char* file : {"run.json", "broker.conf", "credentials.jsonl", "auth.lock"}) {
      fs::copy_file(estop_.data() + "/" + file, copy + "/" + file);
    }
    return copy;
  }
  // In the copy.
  Outcome say(Words words, const char* timeout = "3s") {
    words.insert(words.begin(), {"--timeout", timeout});
    estop_.use("copy");
    Outcome outcome = estop_.estop(std::move(words));
    estop_.use("data");
    return outcome;
  }
  Outcome kill() { return say({"kill", "acme/prod/x", "--reason", "x", "--wait", "fenced"}); }
  static std::string digest(const std::string& folder) {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      all += entry.path().string() + ' ' +
             std::to_string(entry.last_write_time().time_since_epoch().count());
      if (entry.is_regular_file()) all += ' ' + read_text(entry.path().string());
      all += '\n';
    }
    return all;
  }
};

struct Fault {
  const char* name;
  void (*make)(const fs::path& file);
};
const Fault kFaults[] = {
    {"missing", [](const fs::path& file) { fs::remove_all(file); }},
    {"torn", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
    {"empty", [](const fs::path& file) { fs::resize_file(file, 0); }},
    {"for everybody", [](const fs::path& file) { fs::permissions(file, fs::perms(0777)); }},
    {"for nobody", [](const fs::path& file) { fs::permissions(file, fs::perms(0)); }},
    {"a folder",
     [](const fs::path& file) {
       fs::remove_all(file);
       fs::create_directory(file);
     }},
};

TEST_F(CliKillNeeds, NothingButItsCredentialAndTheUrl) {
  for (const char* file :
       {"keys/operator.seed", "keys/agents.seed", "keys/control.seed", "keys/sys.seed",
        "keys/log.seed", "keys/log.pub", "credentials.jsonl", "auth.lock", "accounts/AGENTS.jwt",
        "accounts/CONTROL.jwt", "broker.conf", "creds/control-control.creds"}) {
    for (const Fault& fault : kFaults) {
      const std::string data = fresh();
      ASSERT_TRUE(fs::exists(data + "/" + file)) << file;
      fault.make(data + "/" + file);
      const std::string before = digest(data);
      const Outcome killed = kill();
      EXPECT_EQ(killed.exit_code, 0) << file << " is " << fault.name << ": " << killed.text;
      EXPECT_EQ(digest(data), before) << "it wrote something; " << file << " is " << fault.name;
    }
  }
}

TEST_F(CliKillNeeds, NeitherDoQuestionsAndResumesNeedKeys) {
  const std::string data = fresh();
  for (const char* gone : {"keys", "accounts"}) fs::remove_all(data + "/" + gone);
  fs::remove(data + "/credentials.jsonl");
  for (const Words& words : std::vector<Words>{{"ps"},
                                               {"status"},
                                               {"audit", "list"},
                                               {"audit", "verify"},
                                               {"kill", "a/b/c", "--reason", "x"},
                                               {"resume", "a/b/c", "--reason", "x", "--yes"}}) {
    const std::string before = digest(data);
    const Outcome outcome = say(words);
    EXPECT_EQ(outcome.exit_code, 0) << ::testing::PrintToString(words) << outcome.text;
    EXPECT_EQ(digest(data), before) << ::testing::PrintToString(words);
  }
}

TEST_F(CliKillNeeds, WhatIsMissingIsNamedWithTheWayOut) {
  for (const Fault& fault : kFaults) {
    if (std::string_view(fault.name).starts_with("for ")) continue;  // root reads it all the same
    const std::string data = fresh();
    fault.make(data + "/creds/operator-operator.creds");
    const Outcome killed = kill();
    EXPECT_TRUE(killed.exit_code == 3 || killed.exit_code == 4) << fault.name << killed.text;
    EXPECT_TRUE(killed.says("--creds FILE")) << fault.name << killed.text;
    const std::string other = fresh();
    fault.make(other + "/run.json");
    const Outcome lost = say({"kill", "acme/prod/x", "--reason", "x"}, "200ms");
    EXPECT_EQ(lost.exit_code, 5) << fault.name << lost.text;
    EXPECT_TRUE(lost.says("--url")) << fault.name << lost.text;
  }
  fs::remove_all(estop_.file("copy"));
  const Outcome named =
      say({"kill", "acme/prod/x", "--reason", "x", "--wait", "fenced", "--url", estop_.run().url,
           "--creds", estop_.data() + "/creds/operator-operator.creds"});
  EXPECT_EQ(named.exit_code, 0) << named.text;
}

// Its folder is on a disk on which not one byte fits.
TEST_F(CliKillNeeds, NoRoomOnTheDiskOfItsFolder) {
  const testing::SmallDisk disk(estop_.file("small"));
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small file system";
  fresh();
  fs::copy(estop_.file("copy"), estop_.file("small") + "/data", fs::copy_options::recursive);
  disk.fill();
  ASSERT_TRUE(disk.is_full());
  estop_.use("small/data");
  const Outcome killed = estop_.estop({"kill", "acme/prod/x", "--reason", "x"});
  estop_.use("data");
  EXPECT_EQ(killed.exit_code, 0) << killed.text;
  EXPECT_TRUE(killed.says("fenced     1/1")) << killed.text;
}

// Keys that are root's, a folder that one may only read, another user's files: as on a shared host.
TEST_F(CliKillNeeds, NoOwnershipOfTheFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be somebody else";
  constexpr uid_t kOther = 65'534;
  const std::string data = fresh();
  for (const std::string& part : {std::string(), std::string("/creds")}) {
    fs::permissions(data + part, fs::perms(0755));
  }
  fs::permissions(data + "/run.json", fs::perms(0644));
  fs::permissions(fs::path(data).parent_path(), fs::perms(0755));
  const std::string creds = data + "/creds/operator-operator.creds";
  ASSERT_EQ(::chown(creds.c_str(), kOther, kOther), 0);
  const std::string as_other = "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\" ";
  const std::string words = " kill acme/prod/x --reason x --wait fenced";
  estop_.use("copy");
  const Outcome killed = estop_.script(as_other + words);
  EXPECT_EQ(killed.exit_code, 0) << killed.text;
  fs::permissions(data, fs::perms(0700));
  const Outcome shut = estop_.script(as_other + words);
  EXPECT_EQ(shut.exit_code, 1) << shut.text;
  EXPECT_TRUE(shut.says("Permission denied")) << shut.text;
}

// --- Everything on one full disk: database, stream, logs, the folder of the command ---

class CliFullDisk : public ::testing::Test {
 protected:
  static constexpr int kSize_mib = 32;
  Embedded estop_;
};

// H42: the kill acts, and what is not written is not said to be.
TEST_F(CliFullDisk, AKillIsFencedAndItsAnswerClaimsNothingMore) {
  const testing::SmallDisk disk(estop_.data(), kSize_mib);
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small file system";
  ASSERT_NO_FATAL_FAILURE(estop_.up());
  disk.fill();
  ASSERT_TRUE(disk.is_full());
  const Outcome fenced = estop_.estop(
      {"kill", "acme/prod/x", "--reason", "x", "--wait", "fenced", "--timeout", "10s"});
  EXPECT_EQ(fenced.exit_code, 0) << fenced.text << estop_.said();
  EXPECT_TRUE(fenced.says("fenced     1/1")) << fenced.text;
  const Outcome killed = estop_.estop({"kill", "acme/prod/y", "--reason", "x", "--timeout", "2s"});
  EXPECT_EQ(killed.exit_code, 6) << killed.text;
  EXPECT_TRUE(killed.says("fenced     1/1")) << killed.text;
  EXPECT_FALSE(killed.says("durable    ")) << killed.text;
  EXPECT_TRUE(killed.says("NOT CONFIRMED: not reached in time: ")) << killed.text;
  EXPECT_TRUE(has(killed.text.substr(killed.text.find("NOT CONFIRMED")), "durable")) << killed.text;
  const Outcome resumed =
      estop_.estop({"resume", "acme/prod/x", "--reason", "x", "--yes", "--timeout", "2s"});
  EXPECT_NE(resumed.exit_code, 0) << resumed.text;
  EXPECT_TRUE(resumed.says("cannot write") || resumed.says("takes no records")) << resumed.text;
  EXPECT_EQ(estop_.estop({"ps"}).exit_code, 0);
}

}  // namespace
}  // namespace estop::cli
