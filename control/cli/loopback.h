// SPDX-License-Identifier: Apache-2.0

// Ports on 127.0.0.1: which are free, who answers.
#pragma once

namespace estop::cli {

[[nodiscard]] bool is_free(int port);
// True if GET http://127.0.0.1:`port``path` answers 200 within a second.
[[nodiscard]] bool answers_ok(int port, const char* path);
[[nodiscard]] bool accepts(int port);

}  // namespace estop::cli
