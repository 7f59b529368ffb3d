// SPDX-License-Identifier: Apache-2.0

// A blocking TLS client on a Socket, for tests.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/socket.h"

namespace estop::testing {

class TlsClient {
 public:
  // `version`: the only one that it speaks; 0: any. It trusts everybody.
  explicit TlsClient(Socket socket, int version = 0)
      : socket_(std::move(socket)), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
    if (version != 0) {
      SSL_CTX_set_security_level(context_.get(), 0);  // OpenSSL's own would refuse TLS 1.1 here
      SSL_CTX_set_min_proto_version(context_.get(), version);
      SSL_CTX_set_max_proto_version(context_.get(), version);
    }
    tls_ = {SSL_new(context_.get()), &SSL_free};
    SSL_set_fd(tls_.get(), socket_.fd());
  }

  [[nodiscard]] bool greet() { return SSL_connect(tls_.get()) == 1; }
  bool send(std::string_view bytes) {
    return SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  [[nodiscard]] std::string read_to_end() {
    std::string all;
    char bytes[4'096];
    for (int got = 0; (got = SSL_read(tls_.get(), bytes, sizeof bytes)) > 0;) {
      all.append(bytes, static_cast<std::size_t>(got));
    }
    return all;
  }
  // Of the server's certificate: its name.
  [[nodiscard]] std::string server_name() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        SSL_get1_peer_certificate(tls_.get()), &X509_free);
    char name[256] = {};
    if (certificate == nullptr) return {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name,
                              sizeof name);
    return name;
  }

 private:
  Socket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
};

}  // namespace estop::testing
