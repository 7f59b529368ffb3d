// SPDX-License-Identifier: Apache-2.0

// Internal to the codec, and for tests that forge: the bodies of signed messages, and unsigned
// messages, as they are. No reader has checked them.
#pragma once

#include "schemas/messages.h"

namespace estop::schemas {

[[nodiscard]] Bytes body_of(const Record& record);
[[nodiscard]] Bytes body_of(const LeaseFrame& frame);
[[nodiscard]] Bytes body_of(const StoppedReceipt& receipt);
[[nodiscard]] Bytes body_of(const Hello& hello);

}  // namespace estop::schemas
