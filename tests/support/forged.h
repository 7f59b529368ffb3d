// SPDX-License-Identifier: Apache-2.0

// Messages that no encoder makes, because no reader takes them: for tests of readers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "schemas/messages.h"
#include "schemas/signing.h"

namespace estop::testing {

// The body as the encoder would write it, bent by `bend`, then signed: a fault that has a good
// signature.
using Bend = std::function<void(schemas::Bytes& body)>;
[[nodiscard]] schemas::Bytes forged_record(const schemas::Record& record,
                                           const schemas::SigningKey& key, const Bend& bend = {});
[[nodiscard]] schemas::Bytes forged_lease(const schemas::LeaseFrame& frame,
                                          const schemas::SigningKey& key, const Bend& bend = {});
[[nodiscard]] schemas::Bytes forged_stopped(const schemas::StoppedReceipt& receipt,
                                            const schemas::SigningKey& key);
// `record`: a frame, whatever it holds.
[[nodiscard]] schemas::Bytes forged_order(const schemas::Bytes& record,
                                          const std::string& credential);

// As the encoder would write them, whatever stands in them.
[[nodiscard]] schemas::Bytes forged(const schemas::Hello& hello);
[[nodiscard]] schemas::Bytes forged(const schemas::StoreRequest& request);
[[nodiscard]] schemas::Bytes forged(const schemas::IntentHead& head);

// Bends: another version of the message, and the same frame with another signature.
void of_another_version(schemas::Bytes& body);
[[nodiscard]] schemas::Bytes without_signature(schemas::Bytes frame);

}  // namespace estop::testing
