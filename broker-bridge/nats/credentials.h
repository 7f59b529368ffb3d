// SPDX-License-Identifier: Apache-2.0

// Credentials for nats.c, signed by our own code. Internal to this folder.
//
// nats.c up to 3.6 sends an empty signature when the signature's first byte is 0. The broker then
// refuses a valid credential, one connect in 256, and a second refusal in a row ends the connection
// for good. We refuse to sign such a nonce, and the next attempt brings another one.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "broker-bridge/nats/owners.h"

namespace estop::nats {

class Credentials {
 public:
  explicit Credentials(std::string path) : path_(std::move(path)) {}
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // Makes `options` read the .creds file at every (re)connect, on the library's thread. This must
  // outlive the connection, until its closed callback.
  [[nodiscard]] natsStatus attach(natsOptions* options);
  // Whether the last attempt failed only because of its nonce. Forgets it.
  [[nodiscard]] bool take_unlucky() noexcept { return unlucky_.exchange(false); }

 private:
  static natsStatus read_jwt(char** jwt, char** error, void* closure);
  static natsStatus sign_nonce(char** error, unsigned char** signature, int* length,
                               const char* nonce, void* closure);

  const std::string path_;
  std::atomic<bool> unlucky_{false};
};

}  // namespace estop::nats
