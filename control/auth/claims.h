// SPDX-License-Identifier: Apache-2.0

// NATS JWT v2 claims: made, signed and read back. Private to control/auth.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "control/auth/auth.h"

namespace estop::control {

[[nodiscard]] std::string operator_jwt(const Keyring& keys, std::uint64_t issued_at_s);
// `user` is the public text of the user's key.
[[nodiscard]] std::string user_jwt(const Keyring& keys, Account account, const std::string& user,
                                   const std::string& name, const Permissions& allowed,
                                   std::uint64_t issued_at_s);

// A .creds file for a user key that exists.
[[nodiscard]] std::string creds_text(const schemas::SigningKey& user, const Keyring& keys,
                                     const Role& role, Account account, const Permissions& allowed,
                                     std::uint64_t issued_at_s);

// The JWT in the text of a .creds file; empty if there is none.
[[nodiscard]] std::string_view jwt_in_creds(std::string_view creds);

// The content of a user JWT. Reading checks form, header and the issuer's signature; it does not
// judge the lists (lint_user_jwt does).
struct UserClaims {
  std::string user;    // `U…`
  std::string issuer;  // `A…`
  std::uint64_t issued_at_s = 0;
  Permissions allowed;
  bool has_deny = false;
  bool has_responses = false;
};
// kMalformed, or kBadSignature.
[[nodiscard]] schemas::Result<UserClaims> read_user_jwt(std::string_view jwt);

// "agent-acme.prod.mailer", "bridge-b1", "control", "operator-alice", "viewer-bob".
[[nodiscard]] std::string name(const Role& role);
// And back; nullopt: not a name of this form. An admin is named as an operator.
[[nodiscard]] std::optional<Role> role_named(std::string_view name);

}  // namespace estop::control
