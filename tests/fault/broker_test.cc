// The broker forgets: its stream is lost, or comes back as it was some time ago. Its disk is full.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>

#include "tests/fault/plant.h"

namespace estop::testing {
namespace {

namespace fs = std::filesystem;

class Forgetting : public ::testing::Test {
 protected:
  void start() {
    plant.start();
    plant.crowd.drive(Plant::kLoad_per_s);
    ASSERT_TRUE(plant.flows());
    plant.crowd.save_work();
    ASSERT_TRUE(plant.fence("acme/prod/a")) << plant.logs();
    before = plant.crowd.history.stops.size() - 1;
  }

  // The broker is down; `change` does something to its files; control finds that out and ends, and
  // its next start makes the log whole again. The bridges were latched all the time.
  template <class Change>
  void come_back_with(Change&& change) {
    plant.site.broker->stop();
    ASSERT_TRUE(plant.all_closed()) << plant.logs();
    change();
    plant.site.restart_broker();
    ASSERT_TRUE(plant.site.until([&] { return !plant.site.control.running(); }, Plant::kHeals))
        << "control went on" << plant.logs();
    EXPECT_EQ(plant.site.control.wait(Plant::kHeals)->code, 75);
    EXPECT_NE(plant.site.log("control").find("log-broken"), std::string::npos);
    plant.site.start_control();
    ASSERT_TRUE(plant.site.leads()) << plant.logs();
  }

  // All that was killed still is, and no more; everything flows after the resumes.
  void expect_whole(std::size_t kills) {
    EXPECT_EQ(plant.site.kills_in_force(), kills) << plant.logs();
    EXPECT_TRUE(plant.all_open()) << plant.logs();
    EXPECT_TRUE(plant.lift_all()) << plant.logs();
    EXPECT_TRUE(plant.flows()) << plant.logs();
    EXPECT_EQ(plant.wrong(), "");
  }

  [[nodiscard]] fs::path store() const { return plant.site.data.path() / "nats"; }

  Plant plant;
  std::size_t before = 0;  // the first kill
};

// H62: a rolling update. It takes nobody any more, and has shut its streams.
TEST_F(Forgetting, AKillIsFencedByABrokerThatGoesAwayAndHoldsBehindIt) {
  start();
  plant.site.broker->signal(SIGUSR2);
  const auto told = [&](const char* part) {
    return plant.site.log(part).find("lame duck") != std::string::npos;
  };
  ASSERT_TRUE(plant.site.until([&] { return told("control") && told("b1") && told("b2"); }));
  EXPECT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  plant.site.broker->kill();
  ASSERT_TRUE(plant.all_closed()) << plant.logs();
  plant.site.restart_broker();
  if (!plant.site.answers()) plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  expect_whole(2);
}

TEST_F(Forgetting, ALostStreamIsSeededAgainAndEveryLatchHolds) {  // H29
  start();
  come_back_with([&] { fs::remove_all(store()); });
  expect_whole(1);
}

// The old copy has the kill of a, but not its resume; and not the kill of b.
TEST_F(Forgetting, AnOldCopyOfTheStreamOpensNothingAndIsBroughtUpToDate) {  // H29
  start();
  plant.site.broker->stop();
  ASSERT_TRUE(plant.all_closed());
  fs::copy(store(), store().string() + ".old", fs::copy_options::recursive);
  plant.site.restart_broker();
  ASSERT_TRUE(plant.site.leads() && plant.all_open()) << plant.logs();
  ASSERT_TRUE(plant.open(before)) << plant.logs();
  ASSERT_TRUE(plant.fence("acme/prod/b")) << plant.logs();
  come_back_with([&] {
    fs::remove_all(store());
    fs::rename(store().string() + ".old", store());
  });
  expect_whole(1);
}

// A file system of 8 MiB, gone with the test. Needs root.
class SmallDisk {
 public:
  explicit SmallDisk(std::string at) : at_(std::move(at)) {
    fs::create_directories(at_);
    is_there_ = ::mount("estop-fault", at_.c_str(), "tmpfs", 0, "size=8m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (is_there_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_there() const { return is_there_; }
  // Until nothing fits any more.
  void fill() const {
    std::ofstream file(at_ + "/filler", std::ios::binary);
    for (const std::string block(4'096, 'x'); file.write(block.data(), 4'096).flush();) continue;
  }
  void empty() const { fs::remove(at_ + "/filler"); }

 private:
  std::string at_;
  bool is_there_ = false;
};

TEST_F(Forgetting, OnAFullDiskOfControlAKillHoldsAndAResumeIsRefused) {  // H42
  const SmallDisk disk(plant.site.data.file("control"));
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small file system";
  start();
  disk.fill();
  const auto kill = plant.kill("beta/*", 2'000);
  ASSERT_TRUE(plant.site.until([&] { return kill->done; }, Plant::kHeals));
  EXPECT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
  EXPECT_EQ(plant.stop_of(kill->stop).audit, 0U) << "durable on a full disk";
  const auto resume = plant.resume(before);
  ASSERT_TRUE(plant.site.until([&] { return resume->done; }, Plant::kHeals));
  EXPECT_EQ(resume->error, "store-unavailable");
  EXPECT_TRUE(plant.flows()) << "those who are not killed go on" << plant.logs();
  disk.empty();
  ASSERT_TRUE(plant.site.until([&] {
    return plant.site.ask("status", Json::object())
        .answers.back()["log"]["recorder_ok"]
        .get<bool>();
  })) << plant.logs();
  expect_whole(2);
}

TEST_F(Forgetting, OnAFullDiskOfTheBrokerAKillHoldsAndAResumeIsRefused) {  // H25, H42
  const SmallDisk disk(store().string());
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small file system";
  plant.site.restart_broker();  // its files are on the small disk now
  start();
  disk.fill();
  const auto kill = plant.kill("beta/*", 2'000);
  ASSERT_TRUE(plant.site.until([&] { return kill->done; }, Plant::kHeals));
  EXPECT_NE(plant.stop_of(kill->stop).fenced_ns, 0) << plant.logs();
  disk.empty();
  plant.site.restart_broker();
  plant.site.control.wait(std::chrono::milliseconds(2 * Plant::kLease_ms));
  if (!plant.site.control.running()) plant.site.start_control();
  ASSERT_TRUE(plant.site.leads()) << plant.logs();
  expect_whole(2);
}

}  // namespace
}  // namespace estop::testing
