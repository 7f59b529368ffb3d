// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/tls_files.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include "broker-bridge/daemon/checks.h"

namespace estop::daemon {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using Context = std::shared_ptr<ssl::context>;

constexpr const char* kCert = "--listen-cert";
constexpr const char* kKey = "--listen-key";

// Sessions are not kept here: a client keeps its own in a ticket, if it likes.
Context make_context() {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_compression |
                       ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  // Without this a key with a password would ask for it at the terminal.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  return context;
}

}  // namespace

schemas::Result<Context> open_tls(const TlsFiles& files) {
  if (!files.is_given()) return Context();
  if (files.cert.empty()) return bad_option("{} is missing: {} needs both", kCert, kKey);
  if (files.key.empty()) return bad_option("{} is missing: {} needs both", kKey, kCert);
  const auto cert = option_file(kCert, files.cert);
  if (!cert) return schemas::passed_on(cert);
  auto key = option_file(kKey, files.key, FileRules{.is_secret = true});
  if (!key) return schemas::passed_on(key);
  auto context = make_context();
  error_code error;
  context->use_certificate_chain(boost::asio::buffer(*cert), error);
  if (error) return bad_option("{}: {}: {}", kCert, files.cert, error.message());
  context->use_private_key(boost::asio::buffer(*key), ssl::context::pem, error);
  OPENSSL_cleanse(key->data(), key->size());
  if (error) return bad_option("{}: {}: {}", kKey, files.key, error.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return bad_option("{}: {}: is not the key of {}", kKey, files.key, files.cert);
  }
  return context;
}

}  // namespace estop::daemon
