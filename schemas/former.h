// SPDX-License-Identifier: Apache-2.0

// Records as version 1 of the protocol wrote them, for `estop carry` alone.
#pragma once

#include <string_view>

#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::schemas {

// As open_record: decodes and hashes, does not verify. kUnknownVersion: not of version 1.
[[nodiscard]] Result<SignedRecord> open_former_record(std::string_view frame);

}  // namespace estop::schemas
