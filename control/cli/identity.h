// SPDX-License-Identifier: Apache-2.0

// The name in which a command goes out: one credentials file, found without keys, register or lock.
//
// At 3 am the folder may be read-only, torn or full, and the keys far away: a kill needs only what
// this file reads. It makes no operator (`estop auth operator` does that), and reports it when a
// command acts in another name.
#pragma once

#include <string>
#include <vector>

#include "control/cli/invocation.h"
#include "schemas/result.h"

namespace estop::cli {

enum class Use : std::uint8_t {
  kStop,   // a kill: only warns about a key file that others may read
  kOther,  // refuses such a file
};

struct Identity {
  schemas::Segment name;   // from the credential, if it has one
  schemas::Scope reach{};  // the scope of its orders
  std::string creds_file;
  std::string creds_text;
  std::vector<std::string> notices;  // for standard error, without line ends
};

// --creds, or the file of --as, of $USER, or of the only operator that there is, in this order.
// kNotFound: no such operator, or no data folder. kUnauthenticated: the file is missing, torn or
// open to others. kBadArgument: --creds and --as name two people, or the operator is unclear. Each
// error says what to type.
[[nodiscard]] schemas::Result<Identity> find_identity(const Common& common, Use use);

}  // namespace estop::cli
