// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/probe.h"

#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "schemas/printable.h"

namespace estop::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using schemas::Errc;
using schemas::Result;
using Answer = http::response<http::string_body>;

constexpr std::chrono::seconds kHealthPatience{2};
constexpr std::size_t kAnswerMax_bytes = 8 * 1024;

struct Ended {
  error_code& into;
  void operator()(error_code error, std::size_t /*bytes*/ = 0) const { into = error; }
};

// One connection, with one deadline for everything.
class Probe {
 public:
  explicit Probe(std::chrono::milliseconds patience) { tcp().expires_after(patience); }

  error_code connect(const Endpoint& endpoint) {
    error_code wrong;
    const auto address = asio::ip::make_address(endpoint.host, wrong);
    if (wrong) return wrong;
    tcp().async_connect(asio::ip::tcp::endpoint(address, endpoint.port), ended());
    return run();
  }

  error_code greet() {
    stream_.async_handshake(ssl::stream_base::client, ended());
    return run();
  }

  error_code get(const std::string& host, const std::string& path, bool over_tls, Answer& answer) {
    return over_tls ? get(stream_, host, path, answer) : get(tcp(), host, path, answer);
  }

  // Whose certificates are good. The file may hold the server's own, which nobody certifies.
  error_code trust(const std::string& cert) {
    error_code wrong;
    tls_.set_verify_mode(ssl::verify_peer, wrong);
    if (!wrong) tls_.load_verify_file(cert, wrong);
    X509_VERIFY_PARAM_set_flags(SSL_get0_param(stream_.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
    if (!wrong) stream_.set_verify_mode(ssl::verify_peer, wrong);
    return wrong;
  }

 private:
  beast::tcp_stream& tcp() { return stream_.next_layer(); }
  Ended ended() { return {error_}; }
  error_code run() {
    loop_.restart();
    loop_.run();
    return error_;
  }

  template <class Stream>
  error_code get(Stream& stream, const std::string& host, const std::string& path, Answer& answer) {
    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, host);
    request.keep_alive(false);
    http::async_write(stream, request, ended());
    if (const error_code error = run()) return error;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerMax_bytes);
    beast::flat_buffer buffer(kAnswerMax_bytes);
    // Apart: Beast 1.74 forgets the limit of a body that arrives together with its header.
    http::async_read_header(stream, buffer, parser, ended());
    if (const error_code error = run()) return error;
    http::async_read(stream, buffer, parser, ended());
    if (const error_code error = run()) return error;
    answer = parser.release();
    return {};
  }

  asio::io_context loop_{1};
  ssl::context tls_{ssl::context::tls_client};
  ssl::stream<beast::tcp_stream> stream_{loop_, tls_};
  error_code error_;
};

tl::unexpected<schemas::Error> no_contact(const std::string& where, const std::string& why) {
  return schemas::fail(Errc::kNoContact, fmt::format("{}: {}", where, why));
}

}  // namespace

Result<void> accepts(const Endpoint& endpoint, std::chrono::milliseconds patience) {
  Probe probe(patience);
  if (const error_code error = probe.connect(endpoint)) {
    return no_contact(to_text(endpoint), error.message());
  }
  return {};
}

Result<void> answers_ok(const Endpoint& endpoint, const std::string& path,
                        std::chrono::milliseconds patience, const std::string& cert) {
  const std::string host = to_text(endpoint);
  Probe probe(patience);
  Answer answer;
  const bool over_tls = !cert.empty();
  error_code error = over_tls ? probe.trust(cert) : error_code();
  if (error) return no_contact(cert, error.message());
  error = probe.connect(endpoint);
  if (!error && over_tls) error = probe.greet();
  if (!error) error = probe.get(host, path, over_tls, answer);
  if (error) return no_contact(host + path, error.message());
  if (answer.result() == http::status::ok) return {};
  return no_contact(host + path,
                    fmt::format("{} {}", answer.result_int(), schemas::printable(answer.body())));
}

int healthcheck(std::string_view program, std::string_view address, const std::string& cert) {
  const auto endpoint = parse_endpoint("--healthcheck", address);
  const auto ready = endpoint ? answers_ok(*endpoint, "/readyz", kHealthPatience, cert)
                              : Result<void>(schemas::passed_on(endpoint));
  if (ready) return 0;
  fmt::print(stderr, "{}: {}\n", program, to_string(ready.error()));
  return endpoint ? 1 : 2;
}

}  // namespace estop::daemon
