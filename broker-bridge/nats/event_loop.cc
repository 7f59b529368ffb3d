// SPDX-License-Identifier: Apache-2.0

// Sockets, reads, writes and batches: nats.c's event-loop mode on Asio.
//
// The library owns its socket and closes it when it likes, on its own threads, while Asio still has
// the number in its epoll set; a new file with the same number would then lose its events. So Asio
// gets a duplicate, which only this file closes: release() first (that takes it out of the epoll
// set, close() alone would not while the library's descriptor is open), then ::close.
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "broker-bridge/nats/state.h"

namespace estop::nats {
namespace {

constexpr int kSilentMax_pings = 3;
constexpr int kLooksPerPing = 4;

}  // namespace

// From here on to adopt(): on a library thread (or inside an attempt), with the connection's lock.
natsStatus Connection::State::on_attach(void** user, void* loop, natsConnection* /*nc*/,
                                        natsSock fd) {
  auto& link = *static_cast<Link*>(loop);  // we gave the library the Link for a loop
  *user = loop;
  daemon::Descriptor own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own.is_open()) return NATS_IO_ERROR;
  const auto patience = static_cast<unsigned>(link.state->options_.unconfirmed_max.count());
  if (::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience) != 0)
    return NATS_IO_ERROR;
  link.socket = std::move(own);
  link.library_socket = fd;
  return NATS_OK;
}

natsStatus Connection::State::on_read(void* user, bool add) {
  if (add) return NATS_OK;
  auto& link = *static_cast<Link*>(user);
  link.lost.store(true, std::memory_order_release);
  daemon::Descriptor library_socket;
#if NATS_VERSION_NUMBER >= 0x030902  // since then the event loop closes the library's socket
  library_socket = daemon::Descriptor(std::exchange(link.library_socket, -1));
#endif
  link.state->hop_.post([self = link.state, lost = link.self,
                         closed_with_this = std::move(library_socket)] { self->drop(lost); });
  return NATS_OK;
}

natsStatus Connection::State::on_write(void* user, bool add) {
  const auto& state = static_cast<Link*>(user)->state;
  if (!add || state->will_flush_.load()) return NATS_OK;
  if (state->flush_posted_.exchange(true, std::memory_order_acq_rel)) return NATS_OK;
  state->hop_.post([self = state] {
    self->flush_posted_.store(false, std::memory_order_release);
    self->flush();
  });
  return NATS_OK;
}

natsStatus Connection::State::on_detach(void* /*user*/) {
  return NATS_OK;
}

void Connection::State::adopt(Made made) {
  if (closed_) return;
  if (made.link->lost.load(std::memory_order_acquire)) return start_connecting(0);
  moving_ = false;
  if (link_ != nullptr) {
    flush();
    lose("moved away from a broker that goes away");
    if (closed_) return;
  }
  link_ = std::move(made.link);
  nc_ = std::move(made.nc);
  socket_.emplace(loop_, link_->socket.release());
  for (const auto& one : subscriptions_) {
    if (!one->dead) start(*one);
  }
  heard_at_ = Clock::now();
  abandoned_.clear();
  arm_read();
  watch_silence();
  if (const auto tell = events_.connected) tell();
  flush();
}

void Connection::State::release() {
  if (socket_) const daemon::Descriptor closed_here(socket_->release());
  socket_.reset();
  link_.reset();
  read_armed_ = false;
  write_armed_ = false;
  unsent_bytes_ = 0;
  guarded_ = false;
  for (const auto& one : subscriptions_) one->handle.reset();
  nc_.reset();
}

void Connection::State::lose(const std::string& reason) {
  release();
  fail_requests(reason);
  if (const auto tell = events_.disconnected) tell(reason);
}

void Connection::State::drop(const std::shared_ptr<Link>& link) {
  if (closed_ || link == nullptr || link != link_) return;
  std::string reason = abandoned_.empty() ? last_error(nc_.get()) : std::exchange(abandoned_, {});
  if (is_about_credential(reason)) return end(std::move(reason));
  lose(reason);
  if (!closed_ && !moving_) start_connecting(0);
}

void Connection::State::arm_read() {
  if (!attached() || read_armed_ || unsent_bytes_ > options_.write_pause_bytes) return;
  read_armed_ = true;
  socket_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this(), link = link_](auto error) {
                        if (error || link != self->link_) return;
                        self->read_armed_ = false;
                        self->read_once();
                        self->arm_read();
                      });
}

void Connection::State::arm_write() {
  if (!attached() || write_armed_) return;
  write_armed_ = true;
  socket_->async_wait(boost::asio::posix::stream_descriptor::wait_write,
                      [self = shared_from_this(), link = link_](auto error) {
                        if (error || link != self->link_) return;
                        self->write_armed_ = false;
                        self->heard_at_ = Clock::now();  // it took what filled our kernel
                        self->flush();
                        self->arm_read();
                      });
}

// Whatever comes is a sign of life. nats.c would wait for the answers to its pings alone, and those
// may stand behind megabytes that are not read yet: a busy bridge would leave a broker that is
// well.
void Connection::State::watch_silence() {
  silence_timer_->expires_after(options_.ping_interval / kLooksPerPing);
  silence_timer_->async_wait([self = shared_from_this(), link = link_](auto error) {
    if (error || link != self->link_) return;
    // This process may have been frozen: what came meanwhile counts.
    if (self->unsent_bytes_ <= self->options_.write_pause_bytes) self->poll();
    if (link != self->link_) return;
    const auto silent = Clock::now() - self->heard_at_;
    if (silent <= kSilentMax_pings * self->options_.ping_interval) return self->watch_silence();
    self->abandon(fmt::format("the broker says nothing for {} ms",
                              std::chrono::duration_cast<Millis>(silent).count()));
  });
}

void Connection::State::read_once() {
  if (!attached()) return;
  const auto self = shared_from_this();  // a handler may destroy the Connection
  ++batches_;
  heard_at_ = Clock::now();
  natsConnection_ProcessReadEvent(nc_.get());  // parses one read into the subscriptions' queues
  will_flush_.store(true);
  drain();
  will_flush_.store(false);  // before the flush: who saw it true has its bytes in the buffer
  flush();                   // one write for the whole batch
  spent_.clear();
}

void Connection::State::drain() {
  in_batch_ = true;
  for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
    const auto one = subscriptions_[i];  // a handler may unsubscribe it, or close everything
    if (one->handle != nullptr) drain(*one);
  }
  in_batch_ = false;
  bury();
}

void Connection::State::drain(Subscription& subscription) {
  int pending = 0;
  natsSubscription_GetPending(subscription.handle.get(), &pending, nullptr);
  for (; pending > 0 && !subscription.dead; --pending) {
    natsMsg* raw = nullptr;
    const auto status = natsSubscription_NextMsg(&raw, subscription.handle.get(), 0);
    if (status == NATS_NO_RESPONDERS) {
      if (subscription.no_responders) subscription.no_responders();
      continue;
    }
    if (status != NATS_OK) return;
    MessageOwner message(raw);
    MessageView view;
    view.handle_ = raw;
    view.subject = natsMsg_GetSubject(raw);
    if (const char* reply = natsMsg_GetReply(raw)) view.reply = reply;
    view.data = {natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))};
    subscription.handler(view);
    spent_.push_back(std::move(message));
  }
}

void Connection::State::flush() {
  // A zero-length write would be taken for a closed connection.
  if (!may_use() || natsConnection_Buffered(nc_.get()) <= 0) return;
  if (guarded_ && events_.may_write && !events_.may_write()) return abandon_soon();
  natsConnection_ProcessWriteEvent(nc_.get());
  unsent_bytes_ = buffered_bytes();
  if (unsent_bytes_ > 0) return arm_write();  // a partial write announces nothing by itself
  guarded_ = false;
}

std::size_t Connection::State::buffered_bytes() const {
  if (!attached()) return 0;
  const int buffered = natsConnection_Buffered(nc_.get());
  return buffered > 0 ? static_cast<std::size_t>(buffered) : 0;
}

std::size_t Connection::State::unconfirmed_bytes() {
  if (!attached()) return 0;
  int in_kernel = 0;
  if (::ioctl(socket_->native_handle(), SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
  return buffered_bytes() + static_cast<std::size_t>(in_kernel);
}

// Of an address of no family, connect() makes the kernel forget what it has not sent, and reset the
// connection. nats.c finds it lost at its next read, as if the broker had done it: if it were asked
// to close it, it would wait half a second for its buffer to become empty.
void Connection::State::cut(std::string reason) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  const int socket = socket_->native_handle();
  if (::connect(socket, &nobody, sizeof nobody) != 0) ::shutdown(socket, SHUT_RDWR);
  abandoned_ = std::move(reason);
}

void Connection::State::abandon(const std::string& reason) {
  if (closed_ || !attached()) return;
  cut(reason);
  natsConnection_ProcessReadEvent(nc_.get());
}

// A handler may be at work on what that read would free.
void Connection::State::abandon_soon() {
  cut("what was buffered may not be written any more");
  hop_.post([self = shared_from_this(), link = link_] {
    if (link == self->link_ && self->attached()) natsConnection_ProcessReadEvent(self->nc_.get());
  });
}

void Connection::State::poll() {
  if (in_batch_ || !attached()) return;
  pollfd ready{socket_->native_handle(), POLLIN, 0};
  if (::poll(&ready, 1, 0) > 0) read_once();
}

}  // namespace estop::nats
