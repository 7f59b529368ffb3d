// Sockets, reads, writes and batches: nats.c's event-loop mode on Asio.
//
// The library owns its socket and closes it when it likes, on its own threads, while Asio still has
// the number in its epoll set; a new file with the same number would then lose its events. So Asio
// gets a duplicate, which only this file closes: release() first (that takes it out of the epoll
// set, close() alone would not while the library's descriptor is open), then ::close.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "broker-bridge/nats/state.h"

namespace estop::nats {

// From here on to adopt(): on a library thread (or inside connect()), with the connection's lock.
natsStatus Connection::State::on_attach(void** user, void* loop, natsConnection* /*nc*/,
                                        natsSock fd) {
  auto* state = static_cast<State*>(loop);  // we gave the library the State for a loop
  *user = state;
  DescriptorOwner own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (own.get() < 0) return NATS_IO_ERROR;
  const auto patience = static_cast<unsigned>(state->options_.unconfirmed_max.count());
  if (::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience) != 0)
    return NATS_IO_ERROR;
  {
    const std::lock_guard lock(state->arrival_mutex_);
    state->arrival_ = {std::move(own), ++state->arrivals_};
    state->library_socket_ = fd;
  }
  state->lost_.store(false, std::memory_order_release);
  state->hop_.post([self = state->shared_from_this()] { self->adopt(); });
  return NATS_OK;
}

natsStatus Connection::State::on_read(void* user, bool add) {
  if (add) return NATS_OK;
  auto* state = static_cast<State*>(user);
  state->lost_.store(true, std::memory_order_release);
  std::uint64_t generation = 0;
  DescriptorOwner library_socket;
  {
    const std::lock_guard lock(state->arrival_mutex_);
    generation = state->arrivals_;
#if NATS_VERSION_NUMBER >= 0x030902  // since then the event loop closes the library's socket
    library_socket = DescriptorOwner(std::exchange(state->library_socket_, -1));
#endif
  }
  natsStatus status = NATS_OK;
  const char* text = nats_GetLastError(&status);
  std::string reason = "no answer from the broker";
  if (status != NATS_OK) reason = text != nullptr && *text != 0 ? text : natsStatus_GetText(status);
  state->hop_.post([self = state->shared_from_this(), generation, reason = std::move(reason),
                    closed_with_this = std::move(library_socket)]() mutable {
    self->drop_socket(generation, std::move(reason));
  });
  return NATS_OK;
}

natsStatus Connection::State::on_write(void* user, bool add) {
  auto* state = static_cast<State*>(user);
  if (!add || state->will_flush_.load()) return NATS_OK;
  if (state->flush_posted_.exchange(true, std::memory_order_acq_rel)) return NATS_OK;
  state->hop_.post([self = state->shared_from_this()] {
    self->flush_posted_.store(false, std::memory_order_release);
    self->flush();
  });
  return NATS_OK;
}

natsStatus Connection::State::on_detach(void* /*user*/) {
  return NATS_OK;
}

void Connection::State::adopt() {
  Arrival arrival;
  {
    const std::lock_guard lock(arrival_mutex_);
    arrival = std::move(arrival_);
    arrival_ = {};
  }
  if (closed_ || arrival.socket.get() < 0) return;
  if (socket_) drop_socket(generation_, "connection lost");
  // The library attaches before its handshake is complete; if that failed, another arrival comes.
  if (closed_ || lost_.load(std::memory_order_acquire) || nc_ == nullptr ||
      natsConnection_Status(nc_.get()) != NATS_CONN_STATUS_CONNECTED) {
    return;
  }
  generation_ = arrival.generation;
  socket_.emplace(loop_, arrival.socket.release());
  unsent_bytes_ = 0;
  retired_.clear();
  for (const auto& one : subscriptions_) {
    if (one->handle == nullptr && !one->dead) start(*one);
  }
  arm_read();
  if (const auto tell = events_.connected) tell();
  flush();
}

void Connection::State::release_socket() {
  if (socket_) const DescriptorOwner closed_here(socket_->release());
  socket_.reset();
  read_armed_ = false;
  write_armed_ = false;
  unsent_bytes_ = 0;
}

void Connection::State::drop_socket(std::uint64_t generation, std::string reason) {
  if (!socket_ || generation != generation_) return;
  release_socket();
  fail_requests(reason);
  if (const auto tell = events_.disconnected) tell(std::move(reason));
}

void Connection::State::arm_read() {
  if (!attached() || read_armed_ || unsent_bytes_ > options_.write_pause_bytes) return;
  read_armed_ = true;
  socket_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this(), generation = generation_](auto error) {
                        if (error || generation != self->generation_) return;
                        self->read_armed_ = false;
                        self->read_once();
                        self->arm_read();
                      });
}

void Connection::State::arm_write() {
  if (!attached() || write_armed_) return;
  write_armed_ = true;
  socket_->async_wait(boost::asio::posix::stream_descriptor::wait_write,
                      [self = shared_from_this(), generation = generation_](auto error) {
                        if (error || generation != self->generation_) return;
                        self->write_armed_ = false;
                        self->flush();
                        self->arm_read();
                      });
}

void Connection::State::read_once() {
  if (!attached()) return;
  const auto self = shared_from_this();  // a handler may destroy the Connection
  ++batches_;
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
  if (!attached() || natsConnection_Buffered(nc_.get()) <= 0) return;
  natsConnection_ProcessWriteEvent(nc_.get());
  unsent_bytes_ = buffered_bytes();
  if (unsent_bytes_ > 0) arm_write();  // a partial write announces nothing by itself
}

std::size_t Connection::State::buffered_bytes() const {
  if (!attached()) return 0;
  const int buffered = natsConnection_Buffered(nc_.get());
  return buffered > 0 ? static_cast<std::size_t>(buffered) : 0;
}

void Connection::State::poll() {
  if (in_batch_ || !attached()) return;
  pollfd ready{socket_->native_handle(), POLLIN, 0};
  if (::poll(&ready, 1, 0) > 0) read_once();
}

}  // namespace estop::nats
