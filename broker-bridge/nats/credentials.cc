// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/credentials.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "broker-bridge/daemon/files.h"
#include "schemas/signing.h"

namespace estop::nats {
namespace {

// For what nats.c frees itself, with free().
char* copy_for_library(std::string_view bytes) {
  auto* copy = static_cast<char*>(std::calloc(bytes.size() + 1, 1));
  if (copy != nullptr) std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

natsStatus refuse(char** error, const std::string& text) {
  *error = copy_for_library(text);
  return NATS_ERR;
}

}  // namespace

natsStatus Credentials::attach(natsOptions* options) {
  return natsOptions_SetUserCredentialsCallbacks(options, &read_jwt, this, &sign_nonce, this);
}

natsStatus Credentials::read_jwt(char** jwt, char** error, void* closure) {
  constexpr std::string_view kBegin = "-----BEGIN NATS USER JWT-----";
  const std::string& path = static_cast<Credentials*>(closure)->path_;
  const auto read = daemon::read_file(path);
  if (!read) return refuse(error, read.error().detail);
  const std::string& text = *read;
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string::npos) return refuse(error, path + " holds no user JWT");
  const std::size_t start =
      std::min(text.find_first_not_of("\r\n", begin + kBegin.size()), text.size());
  const std::size_t end = std::min(text.find_first_of("\r\n", start), text.size());
  *jwt = copy_for_library(std::string_view(text).substr(start, end - start));
  return *jwt == nullptr ? NATS_NO_MEMORY : NATS_OK;
}

natsStatus Credentials::sign_nonce(char** error, unsigned char** signature, int* length,
                                   const char* nonce, void* closure) {
  auto& self = *static_cast<Credentials*>(closure);
  const auto text = daemon::read_file(self.path_);
  if (!text) return refuse(error, text.error().detail);
  const auto key = schemas::key_from_creds(*text);
  if (!key) return refuse(error, self.path_ + ": " + key.error().detail);
  const schemas::Signature made = key->sign(nonce);
  if (made.front() == 0) {
    self.unlucky_ = true;
    return refuse(error, "a nonce whose signature nats.c cannot send");
  }
  const std::string_view bytes(reinterpret_cast<const char*>(made.data()), made.size());
  *signature = reinterpret_cast<unsigned char*>(copy_for_library(bytes));
  *length = static_cast<int>(made.size());
  return *signature == nullptr ? NATS_NO_MEMORY : NATS_OK;
}

}  // namespace estop::nats
