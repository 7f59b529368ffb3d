// SPDX-License-Identifier: Apache-2.0

// Owners of OpenSSL's handles. Internal: for the sources here that include OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace estop::schemas {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using AlgorithmHandle = std::unique_ptr<EVP_MD, Freed<EVP_MD_free>>;
using DigestHandle = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

[[nodiscard]] inline const unsigned char* octets(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Aborts if OpenSSL refused something that it refuses only when the process is out of memory or has
// no random source. No caller could continue then.
inline void require(bool held) {
  if (!held) std::abort();
}

}  // namespace estop::schemas
