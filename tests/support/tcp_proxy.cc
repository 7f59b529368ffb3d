// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_proxy.h"

#include <netinet/tcp.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/support/socket.h"

namespace estop::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTick_ms = 1;
constexpr std::size_t kHeldMax_bytes = 1024 * 1024;  // per way; above it the proxy stops reading
constexpr std::size_t kOpening_bytes = 2 * 1024;     // by which a client is known

struct Chunk {
  Clock::time_point due;
  std::string bytes;
};

// One direction of one connection.
struct Pipe {
  std::deque<Chunk> held;
  std::size_t held_bytes = 0;
  bool ended = false;  // the source closed
};

struct Link {
  Socket client;
  Socket server;
  Pipe to_server;
  Pipe to_client;
  std::string opening;  // the client's first bytes
  bool to_server_stalled = false;
  bool to_client_stalled = false;
  bool broken = false;
  bool is_orphan = false;  // its client was cut off
};

bool has_room(const Pipe& pipe) {
  return !pipe.ended && pipe.held_bytes <= kHeldMax_bytes;
}

bool readable(const Socket& socket) {
  pollfd ready{socket.fd(), POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

void take(Socket& from, Pipe& pipe, Clock::duration delay) {
  if (!has_room(pipe) || !readable(from)) return;
  auto bytes = from.receive(std::chrono::milliseconds(0));
  if (bytes.empty()) {
    pipe.ended = true;
    return;
  }
  pipe.held_bytes += bytes.size();
  pipe.held.push_back({Clock::now() + delay, std::move(bytes)});
}

// Sends what is due. False: the connection is over.
bool give(Pipe& pipe, Socket& to, Clock::time_point now) {
  while (!pipe.held.empty() && pipe.held.front().due <= now) {
    std::string& bytes = pipe.held.front().bytes;
    const auto sent = ::send(to.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    pipe.held_bytes -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (!bytes.empty()) return true;
    pipe.held.pop_front();
  }
  return !(pipe.ended && pipe.held.empty());
}

Socket listen_anywhere(int& port) {
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(socket.fd(), SOMAXCONN) != 0 ||
      ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("TcpProxy cannot listen");
  }
  port = ntohs(at.sin_port);
  return socket;
}

void send_at_once(const Socket& socket) {
  const int yes = 1;
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

}  // namespace

struct TcpProxy::State {
  void run() {
    while (!ended) {
      wait();
      const std::lock_guard lock(mutex);
      accept();
      for (auto& link : links) step(link);
      links.remove_if([](const Link& link) { return link.broken; });
    }
  }

  // Until bytes come or a tick is over, because held bytes fall due without an event.
  void wait() {
    std::vector<pollfd> sockets{{listener.fd(), POLLIN, 0}};
    bool holding = false;
    {
      const std::lock_guard lock(mutex);
      for (const auto& link : links) {
        holding = holding || link.to_server.held_bytes + link.to_client.held_bytes > 0;
        if (link.is_orphan) continue;
        if (!is_held(link, to_server_paused, link.to_server_stalled) && has_room(link.to_server))
          sockets.push_back({link.client.fd(), POLLIN, 0});
        if (!is_held(link, to_client_paused, link.to_client_stalled) && has_room(link.to_client))
          sockets.push_back({link.server.fd(), POLLIN, 0});
      }
    }
    ::poll(sockets.data(), sockets.size(), holding ? kTick_ms : 5 * kTick_ms);
  }

  void accept() {
    const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    Link link;
    link.client = Socket(fd);
    link.server = closed && chosen.empty() ? Socket() : Socket::connect(server_port);
    if (!link.server.is_open()) return;
    send_at_once(link.client);
    send_at_once(link.server);
    links.push_back(std::move(link));
  }

  [[nodiscard]] bool is_chosen(const Link& link) const {
    return chosen.empty() || link.opening.find(chosen) != std::string::npos;
  }
  [[nodiscard]] bool is_held(const Link& link, bool way_paused, bool way_stalled) const {
    return way_stalled || (way_paused && is_chosen(link));
  }

  // Only what is read first may tell that the link is chosen: then it is not passed on.
  void step(Link& link) {
    const auto now = Clock::now();
    if (link.is_orphan) {
      const bool alive = give(link.to_server, link.server, now);
      link.broken = !alive || link.to_server.held.empty();
      return;
    }
    bool alive = true;
    if (!is_held(link, to_server_paused, link.to_server_stalled)) take_from_client(link);
    if (closed && is_chosen(link)) alive = false;
    if (!is_held(link, to_server_paused, link.to_server_stalled))
      alive = give(link.to_server, link.server, now) && alive;
    if (!is_held(link, to_client_paused, link.to_client_stalled)) {
      take(link.server, link.to_client, delay);
      cut_behind_fatal_text(link.to_client);
      alive = give(link.to_client, link.client, now) && alive;
    }
    link.broken = !alive;
  }

  // Found only within what one read brought, which is enough for a message that comes alone.
  void cut_behind_fatal_text(Pipe& pipe) {
    if (fatal.empty() || pipe.held.empty()) return;
    Chunk& last = pipe.held.back();
    const auto at = last.bytes.find(fatal);
    if (at == std::string::npos) return;
    last.bytes.resize(at + fatal.size());
    pipe.ended = true;
    fatal.clear();
  }

  void take_from_client(Link& link) const {
    const std::size_t before = link.to_server.held.size();
    take(link.client, link.to_server, delay);
    const bool is_new = link.to_server.held.size() > before;
    if (is_new && link.opening.size() < kOpening_bytes)
      link.opening += link.to_server.held.back().bytes;
  }

  int server_port = 0;
  int port = 0;
  Socket listener;
  std::atomic<bool> ended{false};
  mutable std::mutex mutex;  // guards all below
  std::list<Link> links;
  Clock::duration delay{0};
  bool to_server_paused = false;
  bool to_client_paused = false;
  bool closed = false;
  std::string chosen;  // empty: everybody
  std::string fatal;   // empty: none
  std::thread thread;
};

TcpProxy::TcpProxy(int server_port) : state_(std::make_unique<State>()) {
  state_->server_port = server_port;
  state_->listener = listen_anywhere(state_->port);
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

TcpProxy::~TcpProxy() {
  state_->ended = true;
  state_->thread.join();
}

int TcpProxy::port() const {
  return state_->port;
}

void TcpProxy::only(std::string text) {
  const std::lock_guard lock(state_->mutex);
  state_->chosen = std::move(text);
}

void TcpProxy::delay(std::chrono::milliseconds each_way) {
  const std::lock_guard lock(state_->mutex);
  state_->delay = each_way;
}

void TcpProxy::pause(Way way) {
  const std::lock_guard lock(state_->mutex);
  state_->to_server_paused = state_->to_server_paused || way != Way::kToClient;
  state_->to_client_paused = state_->to_client_paused || way != Way::kToServer;
}

void TcpProxy::resume() {
  const std::lock_guard lock(state_->mutex);
  state_->to_server_paused = false;
  state_->to_client_paused = false;
}

void TcpProxy::cut_off_clients(std::chrono::milliseconds hold) {
  const std::lock_guard lock(state_->mutex);
  for (Link& link : state_->links) {
    if (!state_->is_chosen(link) || link.is_orphan) continue;
    while (has_room(link.to_server) && readable(link.client)) {
      take(link.client, link.to_server, Clock::duration{0});
    }
    for (Chunk& chunk : link.to_server.held) chunk.due = Clock::now() + hold;
    link.is_orphan = true;
    link.client = Socket();
  }
}

void TcpProxy::stall(Way way) {
  const std::lock_guard lock(state_->mutex);
  for (Link& link : state_->links) {
    if (!state_->is_chosen(link)) continue;
    link.to_server_stalled = link.to_server_stalled || way != Way::kToClient;
    link.to_client_stalled = link.to_client_stalled || way != Way::kToServer;
  }
}

void TcpProxy::cut() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->links.remove_if([this](const Link& link) { return state_->is_chosen(link); });
}

void TcpProxy::cut_behind(std::string text) {
  const std::lock_guard lock(state_->mutex);
  state_->fatal = std::move(text);
}

void TcpProxy::reopen() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = false;
}

int TcpProxy::connections() const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int>(state_->links.size());
}

}  // namespace estop::testing
