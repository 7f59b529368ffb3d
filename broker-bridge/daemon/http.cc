// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/metrics.h"

namespace estop::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kHeadersMax_bytes = 8 * 1024;
constexpr std::uint64_t kBodyMax_bytes = 1024;  // of a GET: read and ignored
constexpr std::size_t kConnectionsMax = 64;
constexpr std::chrono::seconds kRequestTimeout{5};
constexpr std::chrono::milliseconds kAcceptPause_ms{100};

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Page plain(http::status status) {
  return text_page(static_cast<int>(status), std::string(http::obsolete_reason(status)));
}

Page build(const StatusServer::Pages& pages, const Request& request) try {
  const std::string target(request.target());
  const auto page = pages.find(target.substr(0, target.find('?')));
  if (page == pages.end()) return plain(http::status::not_found);
  const bool readable = request.method() == http::verb::get || request.method() == http::verb::head;
  return readable ? page->second() : plain(http::status::method_not_allowed);
} catch (const std::exception&) {
  return plain(http::status::internal_server_error);
}

Response render(Page page, const Request& request) {
  Response response(static_cast<http::status>(page.status), request.version());
  response.set(http::field::server, "estop");
  response.set(http::field::content_type, page.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (page.status == static_cast<int>(http::status::method_not_allowed)) {
    response.set(http::field::allow, "GET, HEAD");
  }
  response.keep_alive(request.keep_alive());
  response.content_length(page.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(page.body);
  return response;
}

}  // namespace

// One connection: reads a request, answers it, reads the next.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, std::shared_ptr<const StatusServer::Pages> pages,
          std::function<void(Session*)> ended)
      : stream_(std::move(socket)), pages_(std::move(pages)), ended_(std::move(ended)) {}
  ~Session() { ended_(this); }

  // Asked for nothing that is still to be answered: since when.
  [[nodiscard]] bool is_waiting() const { return is_waiting_; }
  [[nodiscard]] std::chrono::steady_clock::time_point since() const { return since_; }

  void read() {
    is_waiting_ = true;
    since_ = std::chrono::steady_clock::now();
    parser_.emplace();
    parser_->header_limit(kHeadersMax_bytes);
    parser_->body_limit(kBodyMax_bytes);
    stream_.expires_after(kRequestTimeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                       self->answer(error);
                     });
  }

  void close() { stream_.close(); }

 private:
  void answer(error_code error) {
    is_waiting_ = false;
    Request request;
    Page page;
    if (!error) {
      request = parser_->release();
      page = build(*pages_, request);
    } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      page = plain(http::status::request_header_fields_too_large);
    } else if (error == http::error::body_limit) {
      page = plain(http::status::payload_too_large);
    } else if (error.category() == http::make_error_code(http::error::bad_method).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
      page = plain(http::status::bad_request);
    } else {
      return;  // gone or too slow
    }
    if (error) request.keep_alive(false);
    response_ = render(std::move(page), request);
    head_ = request.method() == http::verb::head;
    write();
  }

  void write() {
    const auto done = [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
      if (!error && self->response_.keep_alive()) return self->read();
      error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    };
    stream_.expires_after(kRequestTimeout);
    serializer_.emplace(response_);
    if (head_) {
      http::async_write_header(stream_, *serializer_, done);
    } else {
      http::async_write(stream_, *serializer_, done);
    }
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{kHeadersMax_bytes + kBodyMax_bytes};
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool head_ = false;
  bool is_waiting_ = true;
  std::chrono::steady_clock::time_point since_;
  std::shared_ptr<const StatusServer::Pages> pages_;
  std::function<void(Session*)> ended_;
};

struct StatusServer::State : std::enable_shared_from_this<State> {
  State(asio::io_context& loop, Pages made)
      : acceptor(loop), pause(loop), pages(std::make_shared<const Pages>(std::move(made))) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (error) return self->accept_later();
      if (self->sessions.size() >= kConnectionsMax) self->make_room();
      self->serve(std::move(socket));
      self->accept();
    });
  }

  // Out of descriptors, most likely: without the pause this would spin.
  void accept_later() {
    pause.expires_after(kAcceptPause_ms);
    pause.async_wait([self = shared_from_this()](error_code error) {
      if (!error && self->acceptor.is_open()) self->accept();
    });
  }

  // The newest is served: a probe asks as soon as it is connected, and those that hold a place
  // without asking for anything have had their time. Whoever waits longest goes first.
  void make_room() {
    const auto longest = std::min_element(sessions.begin(), sessions.end(),
                                          [](const Session* one, const Session* other) {
                                            if (one->is_waiting() != other->is_waiting())
                                              return one->is_waiting();
                                            return one->since() < other->since();
                                          });
    Session* const session = *longest;
    sessions.erase(longest);
    session->close();
  }

  void serve(tcp::socket socket) {
    const auto session = std::make_shared<Session>(std::move(socket), pages,
                                                   [self = weak_from_this()](Session* one) {
                                                     if (const auto state = self.lock())
                                                       state->sessions.erase(one);
                                                   });
    sessions.insert(session.get());
    session->read();
  }

  void stop() {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    for (auto* one : sessions) one->close();
  }

  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<const Pages> pages;
  std::set<Session*> sessions;  // each takes itself out when it ends, or is closed to make room
};

Page text_page(int status, std::string text) {
  return {status, Page{}.content_type, std::move(text) + '\n'};
}

StatusServer::Pages status_pages(std::function<std::string()> metrics,
                                 std::function<Page()> readiness) {
  return {{"/metrics",
           [metrics = std::move(metrics)] {
             return Page{200, Metrics::kContentType, metrics()};
           }},
          {"/livez", [] { return text_page(200, "alive"); }},
          {"/readyz", std::move(readiness)}};
}

StatusServer::StatusServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
StatusServer::~StatusServer() {
  state_->stop();
}

std::uint16_t StatusServer::port() const noexcept {
  error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

schemas::Result<std::unique_ptr<StatusServer>> StatusServer::start(asio::io_context& loop,
                                                                   const Options& options,
                                                                   Pages pages) {
  error_code error;
  const auto address = asio::ip::make_address(options.host, error);
  if (error) {
    return schemas::fail(schemas::Errc::kBadArgument, options.host + " is not an IP address");
  }
  const tcp::endpoint endpoint(address, options.port);
  const std::string shown = to_text(Endpoint{options.host, options.port});
  const auto state = std::make_shared<State>(loop, std::move(pages));
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return schemas::fail(schemas::Errc::kNoContact,
                         fmt::format("cannot listen on {}: {}", shown, error.message()));
  }
  state->accept();
  return std::unique_ptr<StatusServer>(new StatusServer(state));
}

}  // namespace estop::daemon
