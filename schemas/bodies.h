// SPDX-License-Identifier: Apache-2.0

// Internal to the codec, and for tests that forge: the bodies of what is signed, and unsigned
// messages, as they are. Nobody has held them against a reader.
#pragma once

#include "schemas/messages.h"

namespace estop::schemas {

[[nodiscard]] Bytes body_of(const Record& record);
[[nodiscard]] Bytes body_of(const LeaseFrame& frame);
[[nodiscard]] Bytes body_of(const StoppedReceipt& receipt);
[[nodiscard]] Bytes body_of(const Hello& hello);

}  // namespace estop::schemas
