// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/random.h"

#include <random>
#include <string_view>

namespace estop::daemon {

std::uint64_t random_number() {
  std::random_device source;
  return (static_cast<std::uint64_t>(source()) << 32) | source();
}

std::string random_name(std::size_t letters) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device source;
  std::uniform_int_distribution<std::size_t> pick(0, kAlphabet.size() - 1);
  std::string name;
  while (name.size() < letters) name += kAlphabet[pick(source)];
  return name;
}

}  // namespace estop::daemon
