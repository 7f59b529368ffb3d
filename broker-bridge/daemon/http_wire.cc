// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_wire.h"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace estop::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr std::size_t kRead_bytes = 4 * 1024;

template <class Stream>
class StreamWire final : public HttpWire {
 public:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  template <class... Args>
  explicit StreamWire(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, Args&&... args)
      : tls_(std::move(tls)), stream_(std::forward<Args>(args)...), timer_(io) {}

  void greet(Done done) override {
    if constexpr (kIsTls) {
      stream_.async_handshake(TlsStream::server,
                              [done = std::move(done)](error_code error) { done(!error); });
    } else {
      done(true);
    }
  }

  void read(Got got) override { read_from(stream_, std::move(got)); }
  void discard(Got got) override { read_from(socket(), std::move(got)); }

  void write(std::string_view bytes, Done done) override {
    asio::async_write(
        stream_, asio::const_buffer(bytes.data(), bytes.size()),
        [done = std::move(done)](error_code error, std::size_t /*bytes*/) { done(!error); });
  }

  void finish(Done done) override {
    if constexpr (kIsTls) {
      stream_.async_shutdown([this, done = std::move(done)](error_code /*error*/) {
        shut();
        done(true);
      });
    } else {
      shut();
      done(true);
    }
  }

  void cancel() override {
    error_code ignored;
    socket().cancel(ignored);
  }

  void close() override {
    disarm();
    error_code ignored;
    socket().close(ignored);
  }

  void arm(std::chrono::milliseconds time, std::function<void()> late) override {
    armed_ = std::make_shared<std::function<void()>>(std::move(late));
    timer_.expires_after(time);
    timer_.async_wait([armed = std::weak_ptr(armed_)](error_code error) {
      const auto call = armed.lock();
      if (!error && call != nullptr) (*call)();
    });
  }

  void disarm() override {
    armed_.reset();
    timer_.cancel();
  }

  [[nodiscard]] bool is_tls() const override { return kIsTls; }

 private:
  tcp::socket& socket() {
    if constexpr (kIsTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  template <class From>
  void read_from(From& from, Got got) {
    from.async_read_some(asio::buffer(buffer_),
                         [this, got = std::move(got)](error_code error, std::size_t bytes) {
                           got({buffer_.data(), error ? 0 : bytes});
                         });
  }

  void shut() {
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  std::shared_ptr<asio::ssl::context> tls_;  // a stream needs its own to the end
  Stream stream_;
  asio::steady_timer timer_;
  std::shared_ptr<std::function<void()>> armed_;  // to be called when it is late
  std::array<char, kRead_bytes> buffer_{};
};

}  // namespace

std::unique_ptr<HttpWire> make_wire(asio::io_context& io, Descriptor socket, int family,
                                    const std::shared_ptr<asio::ssl::context>& tls) {
  tcp::socket own(io);
  error_code error;
  own.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.get(), error);
  if (error) return nullptr;
  (void)socket.release();
  error_code ignored;
  own.set_option(tcp::no_delay(true), ignored);
  if (tls == nullptr) return std::make_unique<StreamWire<tcp::socket>>(io, nullptr, std::move(own));
  return std::make_unique<StreamWire<TlsStream>>(io, tls, std::move(own), *tls);
}

}  // namespace estop::daemon
