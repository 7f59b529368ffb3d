// SPDX-License-Identifier: Apache-2.0

// The lines of credentials.jsonl. Private to control/auth.
#pragma once

#include <string>
#include <vector>

#include "control/auth/accounts.h"
#include "control/auth/credentials.h"

namespace estop::control {

// Oldest first. Of a user key that was issued several times it returns the newest line, in the
// place of the first. kMalformed: a line is damaged.
[[nodiscard]] schemas::Result<std::vector<Credential>> credentials_in(const std::string& lines);
[[nodiscard]] std::string register_line(const Credential& credential);  // with its line feed

[[nodiscard]] schemas::Result<std::vector<Credential>> read_register(const std::string& folder);
// Writes the register with one more line. The caller holds the lock.
[[nodiscard]] schemas::Result<void> add_to_register(const std::string& folder,
                                                    const Credential& credential);

}  // namespace estop::control
