// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/probe.h"

#include <cstdio>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "schemas/printable.h"

namespace estop::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
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
  explicit Probe(std::chrono::milliseconds patience) { stream_.expires_after(patience); }

  error_code connect(const Endpoint& endpoint) {
    error_code wrong;
    const auto address = asio::ip::make_address(endpoint.host, wrong);
    if (wrong) return wrong;
    stream_.async_connect(tcp::endpoint(address, endpoint.port), ended());
    return run();
  }

  error_code get(const std::string& host, const std::string& path, Answer& answer) {
    http::request<http::empty_body> request(http::verb::get, path, 11);
    request.set(http::field::host, host);
    request.keep_alive(false);
    http::async_write(stream_, request, ended());
    if (const error_code error = run()) return error;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kAnswerMax_bytes);
    beast::flat_buffer buffer(kAnswerMax_bytes);
    // Apart: Beast 1.74 forgets the limit of a body that arrives together with its header.
    http::async_read_header(stream_, buffer, parser, ended());
    if (const error_code error = run()) return error;
    http::async_read(stream_, buffer, parser, ended());
    if (const error_code error = run()) return error;
    answer = parser.release();
    return {};
  }

 private:
  Ended ended() { return {error_}; }
  error_code run() {
    loop_.restart();
    loop_.run();
    return error_;
  }

  asio::io_context loop_{1};
  beast::tcp_stream stream_{loop_};
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
                        std::chrono::milliseconds patience) {
  const std::string host = to_text(endpoint);
  Probe probe(patience);
  Answer answer;
  error_code error = probe.connect(endpoint);
  if (!error) error = probe.get(host, path, answer);
  if (error) return no_contact(host + path, error.message());
  if (answer.result() == http::status::ok) return {};
  return no_contact(host + path,
                    fmt::format("{} {}", answer.result_int(), schemas::printable(answer.body())));
}

int healthcheck(std::string_view program, std::string_view address) {
  const auto endpoint = parse_endpoint("--healthcheck", address);
  const auto ready = endpoint ? answers_ok(*endpoint, "/readyz", kHealthPatience)
                              : Result<void>(schemas::passed_on(endpoint));
  if (ready) return 0;
  fmt::print(stderr, "{}: {}\n", program, to_string(ready.error()));
  return endpoint ? 1 : 2;
}

}  // namespace estop::daemon
