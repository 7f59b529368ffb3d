// SPDX-License-Identifier: Apache-2.0

// What has to be there before the incident can begin: customers, programs, an empty folder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent-runtime/examples/incident/core/customers.h"
#include "agent-runtime/examples/incident/demo/stage.h"

namespace estop::incident {

inline constexpr std::size_t kDefaultCustomers = 5'000;
inline constexpr std::size_t kFullCustomers = 50'000;

struct DemoFlags {
  std::string customers;  // CSV file; empty: made from the word list
  bool full = false;
  std::optional<std::uint32_t> kill_at;
  bool crash_one = false;
  std::string smtp_sink;  // empty: looked for
  std::string bin_dir;    // empty: where this program lies
  std::string path;       // $PATH
  std::string temporary;  // $TMPDIR: where everything is kept; empty: /tmp, the mails in memory
};

struct Setup {
  std::vector<Customer> customers;
  Programs programs;
  std::string folder;  // new, with customers.csv in it
};

// kBadArgument: what was asked for cannot be (with the file and line). kNotFound: a program or the
// word list is missing; says which, and the Debian package. Nothing is left behind by a failure.
[[nodiscard]] Result<Setup> prepare(const DemoFlags& flags);

void remove_folder(const std::string& folder);

}  // namespace estop::incident
