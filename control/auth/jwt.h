// SPDX-License-Identifier: Apache-2.0

// A NATS JWT: claims and the signature of an nkey. Private to control/auth.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "schemas/result.h"
#include "schemas/signing.h"

namespace estop::control {

inline constexpr int kUnlimited = -1;  // as the broker's claims say it

// `nats` holds the claims of its kind. There is no `nbf` and no `exp`: a broker whose clock jumped
// must not lock everybody out, or let a revoked credential in.
[[nodiscard]] std::string sign_jwt(const schemas::SigningKey& issuer, const std::string& subject,
                                   std::string_view name, std::uint64_t issued_at_s,
                                   const nlohmann::json& nats);

// The claims, if form, header and the issuer's signature are good: kMalformed or kBadSignature.
[[nodiscard]] schemas::Result<nlohmann::json> open_jwt(std::string_view jwt);

}  // namespace estop::control
