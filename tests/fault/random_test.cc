// SPDX-License-Identifier: Apache-2.0

// Kills and resumes of everybody and anybody, in any order, while intents flow: from one seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "broker-bridge/daemon/boot_clock.h"
#include "tests/fault/plant.h"
#include "tests/fault/settings.h"

namespace estop::testing {
namespace {

constexpr std::size_t kUnderWayMax = 8;  // orders that no answer has ended
constexpr std::size_t kHoldMax = 3;      // kills in force before the oldest is lifted

const char* const kNarrow[] = {"acme/prod/a", "acme/prod/a@aaaaaaa1", "acme/prod/a@aaaaaaa2",
                               "acme/prod/b", "acme/test/c",          "beta/prod/d",
                               "beta/prod/e"};
const char* const kWide[] = {"acme/prod/*", "acme/*", "beta/*", "*"};
constexpr unsigned kWideOneIn = 12;  // or hardly anything would flow

struct Counts {
  explicit Counts(const Crowd& crowd)
      : sent(crowd.sent), delivered(crowd.delivered()), refused(crowd.refused) {}
  std::uint64_t sent, delivered, refused;
  std::uint64_t at_ms = daemon::boot_ms();
};

// An operator who gives orders as fast as they are answered.
class Restless {
 public:
  Restless(Plant& plant, std::uint64_t seed) : plant_(plant), random_(seed) {}

  // False: an order was not answered in time.
  [[nodiscard]] bool give(std::size_t orders) {
    for (std::size_t given = 0; given < orders; ++given) {
      if (!plant_.site.until([&] { return under_way() < 1 + random_() % kUnderWayMax; },
                             Plant::kHeals))
        return false;
      const bool lifts = !held_.empty() && (held_.size() >= kHoldMax || random_() % 2 == 0);
      lifts ? lift() : kill();
      if (given % 10 == 0) plant_.crowd.save_work();
    }
    return plant_.site.until([&] { return under_way() == 0; }, Plant::kHeals);
  }
  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  std::size_t under_way() {
    std::erase_if(orders_, [this](const Plant::Given& order) {
      if (order->done && !order->error.empty()) ++refused_;
      return order->done;
    });
    return orders_.size();
  }

  void kill() {
    const bool is_wide = random_() % kWideOneIn == 0;
    const std::size_t which = random_();
    orders_.push_back(plant_.kill(is_wide ? kWide[which % std::size(kWide)]
                                          : kNarrow[which % std::size(kNarrow)]));
    held_.push_back(orders_.back());
  }

  // Also one that is not fenced yet, and one whose resume is under way: that is refused.
  void lift() {
    const std::size_t which = random_() % held_.size();
    orders_.push_back(plant_.resume(held_[which]->stop));
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  Plant& plant_;
  std::mt19937_64 random_;
  std::vector<Plant::Given> orders_;  // under way
  std::vector<Plant::Given> held_;    // kills that were not lifted
  std::size_t refused_ = 0;
};

TEST(Random, KillsAndResumesWhileIntentsFlowLetNothingThroughAndLoseNothing) {  // I1-I12, H27
  const Settings set = settings();
  const std::uint64_t seed = set.seed.value_or(std::random_device{}());
  std::cout << fmt::format("ESTOP_FAULT_SEED={} ESTOP_FAULT_ORDERS={}\n", seed, set.orders);
  Plant plant;
  plant.start();
  plant.crowd.drive(set.intents_per_s);
  ASSERT_TRUE(plant.flows());
  Restless operator_(plant, seed);
  const Counts before(plant.crowd);
  ASSERT_TRUE(operator_.give(set.orders)) << plant.logs();
  const Counts after(plant.crowd);
  ASSERT_TRUE(plant.lift_all()) << plant.logs();
  ASSERT_TRUE(plant.flows()) << plant.logs();
  EXPECT_EQ(plant.wrong(), "");
  for (const Stop& stop : plant.crowd.history.stops) EXPECT_NE(stop.fenced_ns, 0) << stop.op_id;
  const std::uint64_t took_ms = after.at_ms - before.at_ms;
  std::cout << fmt::format(
      "{} orders ({} refused) in {} ms; intents/s: {} sent, {} delivered, {} refused; {} works "
      "kept\n",
      set.orders, operator_.refused(), took_ms, (after.sent - before.sent) * 1'000 / took_ms,
      (after.delivered - before.delivered) * 1'000 / took_ms,
      (after.refused - before.refused) * 1'000 / took_ms,
      plant.crowd.history.saved.size() + plant.crowd.history.finished.size());
}

}  // namespace
}  // namespace estop::testing
