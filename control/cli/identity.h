// SPDX-License-Identifier: Apache-2.0

// In whose name a command goes out: one credentials file, found without keys, register or lock.
//
// At 3 am the folder may be read-only, torn or full, and the keys far away: a kill needs what is
// read here, and nothing else. Nobody is made here (`estop auth operator` does that), and nobody
// acts in another name without being told so.
#pragma once

#include <string>
#include <vector>

#include "control/cli/invocation.h"
#include "schemas/result.h"

namespace estop::cli {

enum class Use : std::uint8_t {
  kStop,   // a kill: a key file that others may read is a warning
  kOther,  // it is refused
};

struct Identity {
  schemas::Segment name;   // as the credential says, where it says
  schemas::Scope reach{};  // what its orders may concern
  std::string creds_file;
  std::string creds_text;
  std::vector<std::string> notices;  // for standard error, without line ends
};

// --creds, or the file of --as, of $USER, or of the only operator that there is, in this order.
// kNotFound: nobody of that name, or no data folder. kUnauthenticated: the file is missing, torn or
// not for one's own eyes. kBadArgument: --creds and --as are two people, or it is unclear who acts.
// Each says what to type.
[[nodiscard]] schemas::Result<Identity> find_identity(const Common& common, Use use);

}  // namespace estop::cli
