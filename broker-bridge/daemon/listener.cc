// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/listener.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <thread>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <fmt/format.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "broker-bridge/daemon/boot_clock.h"
#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/http_peer.h"
#include "broker-bridge/daemon/http_queue.h"
#include "broker-bridge/daemon/http_session.h"
#include "broker-bridge/daemon/log.h"

namespace estop::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Tls = std::shared_ptr<asio::ssl::context>;

constexpr std::chrono::milliseconds kAcceptPause_ms{100};
constexpr int kAcceptsAtOnce = 16;
// Handshakes are work for strangers: on a busy machine the loop gets three times as much. More than
// that would let probes starve.
constexpr int kNice = 5;

}  // namespace

// Lives on the listener's thread, once that runs.
struct Listener::State : std::enable_shared_from_this<State> {
  State(asio::io_context& daemon_loop, ListenOptions given, HttpRoutes routes)
      : loop(daemon_loop),
        options(std::move(given)),
        queue(std::make_shared<HttpQueue>(daemon_loop, options.limits.queue_max)),
        places({options.limits.connections_max, options.limits.connections_per_peer_max}) {
    host.limits = options.limits;
    host.routes = std::move(routes);
    host.enter = [this](std::uint64_t id, HttpPlaces::Phase phase) {
      places.enter(id, phase, boot_ns());
    };
    host.hand_over = [this](std::uint64_t id, std::uint64_t number, const HttpHandler& handler,
                            HttpRequest request) {
      HttpQueue::Entry entry{&handler, std::move(request),
                             HttpResponder(std::make_unique<HttpExchange>(
                                 number, options.limits.stream_max_bytes, to_session(id)))};
      return queue->push(entry);
    };
    host.ended = [this](std::uint64_t id) { forget(id); };
  }

  // Of a session that may be gone, of a listener that may be gone.
  HttpExchange::ToSession to_session(std::uint64_t id) {
    return [weak = weak_from_this(), id](std::function<void(HttpSession&)> work) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      asio::post(self->io, [state = self.get(), id, work = std::move(work)] {
        const auto found = state->sessions.find(id);
        if (found == state->sessions.end()) return;
        const auto session = found->second;  // may end by it
        work(*session);
      });
    };
  }

  schemas::Result<void> open() {
    error_code error;
    const auto address = asio::ip::make_address(options.host, error);
    if (error) {
      return schemas::fail(schemas::Errc::kBadArgument, options.host + " is not an IP address");
    }
    const Endpoint shown{options.host, options.port};
    if (auto may = check_exposure(shown, options.tls.is_given(), options.is_plain_allowed); !may) {
      return may;
    }
    auto opened = open_tls(options.tls);
    if (!opened) return schemas::passed_on(opened);
    tls = std::move(*opened);
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) acceptor.native_non_blocking(true, error);
    if (!error) port = acceptor.local_endpoint(error).port();
    if (!error) return {};
    return schemas::fail(schemas::Errc::kNoContact,
                         fmt::format("cannot listen on {}: {}", to_text(shown), error.message()));
  }

  void run() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // of this thread
    accept();
    io.run();
  }

  void accept() {
    acceptor.async_wait(tcp::acceptor::wait_read, [this](error_code error) {
      if (error) return;
      for (int i = 0; i < kAcceptsAtOnce; ++i) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        Descriptor socket(::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                    &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket.is_open() && errno == EAGAIN) break;
        if (!socket.is_open()) return accept_later(errno);
        serve(std::move(socket), peer_of(from));
      }
      accept();
    });
  }

  // Out of descriptors, most likely: without the pause this would spin.
  void accept_later(int cause) {
    log_warn("http-not-accepted", {{"cause", std::strerror(cause)}});
    pause.expires_after(kAcceptPause_ms);
    pause.async_wait([this](error_code error) {
      if (!error && acceptor.is_open()) accept();
    });
  }

  void serve(Descriptor socket, const HttpPeer& peer) {
    const std::uint64_t id = ++last_id;
    const auto verdict = places.admit(id, peer.counted_as, boot_ns());
    // Told once a minute: repeats of the same line are only counted.
    if (verdict.evicted || !verdict.is_admitted) log_warn("http-places-taken", {{"port", port}});
    if (verdict.evicted) end(*verdict.evicted);
    if (!verdict.is_admitted) return;
    auto wire = make_wire(io, std::move(socket), peer.family, tls);
    if (wire == nullptr) return places.leave(id);
    const auto session = std::make_shared<HttpSession>(host, id, peer.address, std::move(wire));
    sessions.emplace(id, session);
    count = sessions.size();
    session->start();
  }

  void end(std::uint64_t id) {
    const auto found = sessions.find(id);
    if (found == sessions.end()) return;
    const auto session = found->second;
    session->end();
  }

  void forget(std::uint64_t id) {
    places.leave(id);
    sessions.erase(id);
    count = sessions.size();
    if (host.is_leaving && sessions.empty()) have_left();
  }

  void end_all() {
    const auto all = sessions;
    for (const auto& [id, session] : all) session->end();
  }

  void leave(std::chrono::milliseconds patience, std::function<void()> done) {
    if (host.is_leaving) return;
    host.is_leaving = true;
    left = std::move(done);
    acceptor.close(ignored);
    pause.cancel();
    const auto all = sessions;
    for (const auto& [id, session] : all) session->leave();
    if (sessions.empty()) return have_left();
    pause.expires_after(patience);
    pause.async_wait([this](error_code error) {
      if (!error) end_all();
    });
  }

  void have_left() {
    pause.cancel();
    if (auto done = std::exchange(left, nullptr)) asio::post(loop, std::move(done));
  }

  asio::io_context& loop;
  ListenOptions options;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  error_code ignored;
  Tls tls;
  std::uint16_t port = 0;
  std::shared_ptr<HttpQueue> queue;
  HttpPlaces places;
  HttpHost host;
  std::map<std::uint64_t, std::shared_ptr<HttpSession>> sessions;
  std::uint64_t last_id = 0;
  std::function<void()> left;
  std::atomic<std::size_t> count{0};
  std::jthread thread;  // the last member: the first that ends
};

schemas::Result<std::unique_ptr<Listener>> Listener::start(asio::io_context& loop,
                                                           ListenOptions options,
                                                           HttpRoutes routes) {
  const auto state = std::make_shared<State>(loop, std::move(options), std::move(routes));
  if (auto opened = state->open(); !opened) return schemas::passed_on(opened);
  state->thread = std::jthread([state = state.get()] { state->run(); });
  return std::unique_ptr<Listener>(new Listener(state));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->queue->close();
  asio::post(state_->io, [state = state_.get()] {
    state->acceptor.close(state->ignored);
    state->end_all();
    state->io.stop();
  });
  state_->thread.join();
}

std::uint16_t Listener::port() const noexcept {
  return state_->port;
}

std::size_t Listener::connections() const noexcept {
  return state_->count;
}

bool Listener::reload_tls() {
  if (!state_->options.tls.is_given()) return true;
  auto opened = open_tls(state_->options.tls);
  if (!opened) {
    log_error("certificate-not-reloaded", {{"cause", opened.error().detail}});
    return false;
  }
  log_info("certificate-reloaded", {{"file", state_->options.tls.cert}});
  asio::post(state_->io,
             [state = state_.get(), tls = std::move(*opened)]() mutable { state->tls = tls; });
  return true;
}

void Listener::leave(std::chrono::milliseconds patience, std::function<void()> done) {
  asio::post(state_->io, [state = state_.get(), patience, done = std::move(done)]() mutable {
    state->leave(patience, std::move(done));
  });
}

}  // namespace estop::daemon
