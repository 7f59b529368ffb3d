// SPDX-License-Identifier: Apache-2.0

// What stands on disk: run.json, the lock of a data folder, where programs are found.
#include "control/cli/installation.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace estop::cli {
namespace {

using schemas::Errc;

// A folder of one test, removed with it.
struct Folder {
  std::string path = ::testing::TempDir() + "estop-cli-XXXXXX";
  Folder() {
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void put_program(const std::string& name) const {
    const std::filesystem::path file = std::filesystem::path(path) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\n";
    ::chmod(file.c_str(), 0755);
  }
};

TEST(CliRunFile, IsReadBackAsItWasWritten) {
  const Folder folder;
  const RunFile run{42, "nats://127.0.0.1:4222", "http://127.0.0.1:1", "http://127.0.0.1:2"};
  ASSERT_TRUE(write_run_file(folder.path, run));
  EXPECT_EQ(read_run_file(folder.path), run);
  remove_run_file(folder.path);
  EXPECT_FALSE(read_run_file(folder.path));
}

TEST(CliRunFile, GarbageIsNoRunFile) {
  const Folder folder;
  std::ofstream(folder.path + "/run.json") << "{\"pid\":";
  EXPECT_FALSE(read_run_file(folder.path));
}

TEST(CliLock, ASecondUpIsToldWhoHoldsTheFolder) {
  const Folder folder;
  auto first = hold_folder(folder.path);
  ASSERT_TRUE(first);
  const auto second = hold_folder(folder.path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kStoreUnavailable);
  EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
}

TEST(CliLock, EndsWithItsHolder) {
  const Folder folder;
  { ASSERT_TRUE(hold_folder(folder.path)); }
  EXPECT_TRUE(hold_folder(folder.path));
}

TEST(CliFindProgram, LooksInTheNamedFolderThenInTheBuildTreeThenInPath) {
  const Folder folder;
  const std::string self = folder.path + "/build/release/control/cli/estop";
  const std::string path = "/nonexistent:" + folder.path + "/path";
  folder.put_program("path/estop-bridge");
  EXPECT_EQ(*find_program("estop-bridge", "", self, path), folder.path + "/path/estop-bridge");
  folder.put_program("build/release/broker-bridge/app/estop-bridge");
  EXPECT_EQ(*find_program("estop-bridge", "", self, path),
            folder.path + "/build/release/broker-bridge/app/estop-bridge");
  folder.put_program("named/estop-bridge");
  EXPECT_EQ(*find_program("estop-bridge", folder.path + "/named", self, path),
            folder.path + "/named/estop-bridge");
}

TEST(CliFindProgram, FindsWhatWasUnpackedBelowBuild) {
  const Folder folder;
  folder.put_program("build/tools/bin/no-such-server");
  EXPECT_EQ(
      *find_program("no-such-server", "", folder.path + "/build/release/control/cli/estop", ""),
      folder.path + "/build/tools/bin/no-such-server");
}

TEST(CliFindProgram, NamesWhatIsMissing) {
  const auto found = find_program("estop-nothing", "", "/a/b/c/estop", "/nonexistent");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kNotFound);
  EXPECT_NE(found.error().detail.find("estop-nothing"), std::string::npos);
  EXPECT_NE(found.error().detail.find("/nonexistent"), std::string::npos);
}

TEST(CliCreds, AreNotMadeInAFolderThatIsNoDataFolder) {
  const Folder folder;
  const auto creds = creds_of(folder.path, control::ControlRole{}, control::Account::kControl);
  ASSERT_FALSE(creds);
  EXPECT_EQ(creds.error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace estop::cli
