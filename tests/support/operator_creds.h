// SPDX-License-Identifier: Apache-2.0

// Credentials made by hand: what a `.creds` file says, for tests that have no broker.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "schemas/signing.h"

namespace estop::testing {

inline schemas::SigningKey account_key() {
  return schemas::SigningKey::from_bytes(schemas::KeyRole::kAccount, {11});
}
inline schemas::SigningKey operator_key() {
  return schemas::SigningKey::from_bytes(schemas::KeyRole::kUser, {12});
}

// A user JWT that `account` signs for `user`, allowed to publish on `subject`.
inline std::string user_jwt(const schemas::SigningKey& account, const schemas::SigningKey& user,
                            const std::string& subject) {
  const std::string claims = R"({"iss":")" + account.public_text() + R"(","sub":")" +
                             user.public_text() + R"(","nats":{"pub":{"allow":[")" + subject +
                             R"("]}}})";
  const std::string text = schemas::base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + '.' +
                           schemas::base64url(claims);
  const schemas::Signature signature = account.sign(text);
  return text + '.' +
         schemas::base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

inline std::string creds(const std::string& jwt, const schemas::SigningKey& user) {
  return "-----BEGIN NATS USER JWT-----\n" + jwt + "\n------END NATS USER JWT------\n\n" +
         "-----BEGIN USER NKEY SEED-----\n" + user.seed_text() +
         "\n------END USER NKEY SEED------\n";
}

// The credentials of operator `name`, who may kill, resume and approve.
inline std::string operator_creds(const std::string& name) {
  const schemas::SigningKey user = operator_key();
  std::string allowed = "estop.emergency." + name;
  for (const char* verb : {"kill", "resume", "approve"}) {
    allowed += R"(",")" + std::string("estop.command.") + name + '.' + verb;
  }
  return creds(user_jwt(account_key(), user, allowed), user);
}

// Those of one who may everything.
inline std::string admin_creds(const std::string& name) {
  const schemas::SigningKey user = operator_key();
  const std::string allowed = "estop.emergency." + name + R"(",")" + "estop.command." + name + ".>";
  return creds(user_jwt(account_key(), user, allowed), user);
}

}  // namespace estop::testing
