// SPDX-License-Identifier: Apache-2.0

// GoogleTest's main, and the one place that looks at the environment.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/fault/settings.h"

namespace estop::testing {
namespace {

std::optional<std::uint64_t> number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

Settings settings() {
  Settings read;
  read.orders = number("ESTOP_FAULT_ORDERS").value_or(read.orders);
  if (const auto rate = number("ESTOP_FAULT_RATE")) read.intents_per_s = static_cast<double>(*rate);
  read.seed = number("ESTOP_FAULT_SEED");
  return read;
}

}  // namespace estop::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
