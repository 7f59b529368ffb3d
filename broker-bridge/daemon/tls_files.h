// SPDX-License-Identifier: Apache-2.0

// The certificate and the key of a listener.
#pragma once

#include <memory>
#include <string>

#include "schemas/result.h"

namespace boost::asio::ssl {
class context;
}

namespace estop::daemon {

struct TlsFiles {
  std::string cert;  // PEM: the certificate, then those of its CAs up to the root, without it
  std::string key;   // PEM, without a password; closed to others than owner and group
  [[nodiscard]] bool is_given() const { return !cert.empty() || !key.empty(); }
};

// For servers, TLS 1.2 and 1.3. kBadArgument names the option (--listen-cert or --listen-key), the
// file and its defect. Needs no network. Without `files`: none.
[[nodiscard]] schemas::Result<std::shared_ptr<boost::asio::ssl::context>> open_tls(
    const TlsFiles& files);

}  // namespace estop::daemon
