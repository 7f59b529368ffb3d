// SPDX-License-Identifier: Apache-2.0
#include "schemas/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace estop::schemas {

void broken_invariant(const char* what) noexcept {
  std::fprintf(stderr, "estop: this program is broken and ends: not so: %s\n", what);
  std::abort();
}

}  // namespace estop::schemas
