// SPDX-License-Identifier: Apache-2.0
#include "tests/support/handshakes.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sched.h>

#include <memory>
#include <vector>

#include "tests/support/socket.h"

namespace estop::testing {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
constexpr int kPoll_ms = 100;

class Client {
 public:
  Client(SSL_CTX* context, int port)
      : socket_(Socket::connect(port)), tls_(SSL_new(context), &SSL_free) {
    if (!socket_.is_open()) return;
    ::fcntl(socket_.fd(), F_SETFL, O_NONBLOCK);
    SSL_set_fd(tls_.get(), socket_.fd());
  }

  enum class Step { kWaits, kDone, kFailed };
  Step step() {
    if (!socket_.is_open()) return Step::kFailed;
    ERR_clear_error();
    const int result = SSL_connect(tls_.get());
    if (result == 1) return Step::kDone;
    const int error = SSL_get_error(tls_.get(), result);
    events_ = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    const bool waits = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    return waits ? Step::kWaits : Step::kFailed;
  }
  [[nodiscard]] pollfd waits_for() const { return {socket_.fd(), events_, 0}; }

 private:
  Socket socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  short events_ = POLLIN;
};

}  // namespace

Handshakes::Handshakes(int port, std::size_t at_once)
    : thread_([this, port, at_once](const std::stop_token& end) { run(end, port, at_once); }) {}

void Handshakes::run(const std::stop_token& end, int port, std::size_t at_once) {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);  // of this thread
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  while (!end.stop_requested()) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < at_once; ++i) clients.emplace_back(context.get(), port);
    while (!clients.empty() && !end.stop_requested()) {
      std::vector<Client> waiting;
      std::vector<pollfd> sockets;
      for (Client& client : clients) {
        const auto step = client.step();
        if (step == Client::Step::kDone) ++done_;
        if (step == Client::Step::kFailed) ++failed_;
        if (step != Client::Step::kWaits) continue;
        sockets.push_back(client.waits_for());
        waiting.push_back(std::move(client));
      }
      clients.swap(waiting);
      if (!clients.empty()) ::poll(sockets.data(), sockets.size(), kPoll_ms);
    }
    ++waves_;
  }
}

}  // namespace estop::testing
