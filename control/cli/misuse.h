// SPDX-License-Identifier: Apache-2.0

// Wrong use of the command line that CLI11 does not see: thrown while `parse` makes a command of
// the typed words, caught by `parse`.
#pragma once

#include <string>
#include <utility>

#include "schemas/result.h"

namespace estop::cli {

struct Misuse {
  std::string text;
};

[[noreturn]] inline void refuse(std::string text) {
  throw Misuse{std::move(text)};
}

template <class T>
T checked(schemas::Result<T> result) {
  if (!result) refuse(result.error().detail);
  return std::move(*result);
}

}  // namespace estop::cli
