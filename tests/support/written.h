// SPDX-License-Identifier: Apache-2.0

// What an encoder made, whether or not it may fail.
#pragma once

#include "schemas/result.h"

namespace estop::testing {

inline std::string written(std::string bytes) {
  return bytes;
}
inline std::string written(schemas::Result<std::string> bytes) {
  return std::move(bytes).value();
}

}  // namespace estop::testing
