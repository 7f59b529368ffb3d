// SPDX-License-Identifier: Apache-2.0

// libFuzzer with the target that `--target=NAME` chooses.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using Target = void (*)(std::string_view);

constexpr std::pair<std::string_view, Target> kTargets[] = {
    {"intent", intent},           {"messages", messages},
    {"subjects", subjects},       {"commands", commands},
    {"credentials", credentials}, {"files", files},
    {"options", options},         {"http", http},
};

Target chosen = nullptr;

}  // namespace

void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

}  // namespace estop::fuzz

extern "C" int LLVMFuzzerInitialize(const int* count, char*** arguments) {
  constexpr std::string_view kOption = "--target=";
  for (int at = 1; at < *count; ++at) {
    const std::string_view argument = (*arguments)[at];
    for (const auto& [name, target] : estop::fuzz::kTargets) {
      const bool names_it = argument.starts_with(kOption) && argument.ends_with(name) &&
                            argument.size() == kOption.size() + name.size();
      if (names_it) estop::fuzz::chosen = target;
    }
  }
  if (estop::fuzz::chosen != nullptr) return 0;
  std::fputs("usage: estop-fuzz --target=NAME [libFuzzer's options] [folders]\n", stderr);
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  estop::fuzz::chosen({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
