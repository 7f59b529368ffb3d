// SPDX-License-Identifier: Apache-2.0

// From options to checked names and keys.
#pragma once

#include "agent-runtime/src/link.h"
#include "schemas/signing.h"

namespace estop::agent {

struct Keys {
  schemas::SigningKey own;       // of the credential; signs receipts
  schemas::PublicKey control{};  // of the control log
};

// kBadAddress, kBadArgument: the detail names the option.
[[nodiscard]] Result<Identity> identity_from(const AgentOptions& options);
// Reads the files that the options name. Without a credential (a broker without authentication) the
// key is a new one.
[[nodiscard]] Result<Keys> keys_from(const AgentOptions& options);
// Numbers within their ranges.
[[nodiscard]] Result<void> validate(const AgentOptions& options);

}  // namespace estop::agent
