// SPDX-License-Identifier: Apache-2.0

// The mail server's own record: one file per accepted mail, whose time is that of the acceptance.
//
// smtp-sink writes and closes a mail's file after the client's final dot and before its own "250
// Ok"; it removes the file of a mail that was broken off.
#pragma once

#include <string>
#include <vector>

#include "agent-runtime/examples/incident/core/verdict.h"
#include "schemas/result.h"

namespace estop::incident {

// kMalformed names a file that is not a mail to one recipient. Only when the server has ended.
[[nodiscard]] schemas::Result<std::vector<Delivery>> read_mail_record(const std::string& folder);

// Now, by the clock that file systems use, in ns since 1970. They look at it once per timer tick,
// so a file may seem up to 10 ms older than it is.
[[nodiscard]] std::int64_t record_clock_ns();

}  // namespace estop::incident
