// SPDX-License-Identifier: Apache-2.0

// The words typed after a command, and their checks: the command line keeps every bound of control
// before it sends the first byte. Private to `parse`. The functions throw Misuse.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/address.h"

namespace estop::cli {

// CLI11 writes here.
struct Typed {
  std::string scope, address, reason, grace, timeout, wait, format = "table", pending, op_id;
  std::vector<std::string> agents;
  bool fleet = false, now = false, revoke = false, yes = false, init_only = false;
  std::uint32_t limit = 50;
  std::uint64_t after = 0, through = 0;
  std::optional<std::uint64_t> place;
  std::string kind, subject, from, to, out, kept_at;
  std::vector<std::string> files;
};

[[nodiscard]] schemas::Scope scope_of(const Typed& typed, std::string_view verb);
[[nodiscard]] std::optional<schemas::Scope> filter_of(const Typed& typed);
// UTF-8 without control characters, as control will keep it. Refused if nothing remains of it, or
// if it is too long.
[[nodiscard]] std::string reason_of(const std::string& typed, std::string_view verb,
                                    std::string_view example);
[[nodiscard]] std::vector<std::string> stages_of(const std::string& list,
                                                 const std::vector<std::string>& known);
[[nodiscard]] std::string op_id_of(const std::string& typed);
[[nodiscard]] std::string kept_at_of(const std::string& typed);
[[nodiscard]] std::uint32_t grace_of(const Typed& typed);                         // ms
[[nodiscard]] std::optional<std::uint32_t> timeout_of(const std::string& typed);  // ms

}  // namespace estop::cli
