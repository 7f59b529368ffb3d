// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/wire.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

namespace estop::nats {
namespace {

constexpr int kSilentMax_pings = 3;
constexpr int kLooksPerPing = 4;
constexpr std::size_t kUnsentMax_pauses = 16;  // publish refuses above so many write_pause_bytes
constexpr std::size_t kProtocolOverhead_bytes = 64;  // per publish, besides the payload; estimate

}  // namespace

Wire::Wire(boost::asio::io_context& loop, ConnectOptions options, std::function<bool()> may_write,
           std::shared_ptr<Relay> relay)
    : loop_(loop),
      options_(std::move(options)),
      may_write_(std::move(may_write)),
      relay_(std::move(relay)),
      silence_timer_(loop) {}

void Wire::begin(Made made) {
  link_ = std::move(made.link);
  nc_ = std::move(made.nc);
  socket_.emplace(loop_, link_->socket.release());
  subscriptions_.start(nc_.get());
  heard_at_ = Clock::now();
  abandoned_.clear();
  arm_read();
  watch_silence();
}

void Wire::release() {
  if (socket_) const daemon::Descriptor closed_here(socket_->release());
  socket_.reset();
  link_.reset();
  read_armed_ = false;
  write_armed_ = false;
  unsent_bytes_ = 0;
  guarded_ = false;
  subscriptions_.stop();
  nc_.reset();
}

void Wire::close() {
  silence_timer_.reset();
  subscriptions_.silence();
  // First of the library's objects: closing marks the subscriptions, which then need no lock.
  if (nc_ != nullptr) natsConnection_Close(nc_.get());
  release();
  subscriptions_.clear();
  may_write_ = {};
}

std::string Wire::why_lost() {
  return abandoned_.empty() ? last_error(nc_.get()) : std::exchange(abandoned_, {});
}

Connection::SubscriptionId Wire::subscribe(std::string pattern, std::string queue,
                                           Connection::Handler handler,
                                           std::function<void()> no_responders) {
  return subscriptions_.add(attached() ? nc_.get() : nullptr, std::move(pattern), std::move(queue),
                            std::move(handler), std::move(no_responders));
}

void Wire::unsubscribe(Connection::SubscriptionId id) {
  subscriptions_.remove(id);
}

void Wire::arm_read() {
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

void Wire::arm_write() {
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
void Wire::watch_silence() {
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

void Wire::read_once() {
  if (!attached()) return;
  const auto self = shared_from_this();  // a handler may destroy the Connection
  ++batches_;
  heard_at_ = Clock::now();
  natsConnection_ProcessReadEvent(nc_.get());  // parses one read into the subscriptions' queues
  relay_->will_flush.store(true);
  subscriptions_.drain();
  relay_->will_flush.store(false);  // before the flush: who saw it true has its bytes in the buffer
  flush();                          // one write for the whole batch
  subscriptions_.end_batch();
}

std::size_t Wire::payload_max_bytes() const {
  if (!attached()) return 0;
  const std::int64_t most = natsConnection_GetMaxPayload(nc_.get());
  return most > 0 ? static_cast<std::size_t>(most) : 0;
}

bool Wire::publish_guarded(const char* subject, std::string_view data) {
  const bool taken = publish(subject, nullptr, data, nullptr);
  guarded_ = guarded_ || taken;
  return taken;
}

bool Wire::publish(const char* subject, const char* reply, std::string_view data,
                   const Headers* headers) {
  if (!may_use()) return false;
  if (unsent_bytes_ > options_.write_pause_bytes && !write_armed_) flush();
  if (!may_use()) return false;
  if (unsent_bytes_ > kUnsentMax_pauses * options_.write_pause_bytes) return false;
  const auto size = static_cast<int>(data.size());
  natsStatus status = NATS_OK;
  if (headers == nullptr || (headers->empty() && reply == nullptr)) {
    status = natsConnection_Publish(nc_.get(), subject, data.data(), size);
  } else {
    natsMsg* raw = nullptr;
    status = natsMsg_Create(&raw, subject, reply, data.data(), size);
    MessageOwner message(raw);
    for (std::size_t i = 0; status == NATS_OK && i < headers->size(); ++i) {
      const auto& [key, value] = (*headers)[i];
      status = natsMsgHeader_Set(raw, key.c_str(), value.c_str());
    }
    if (status == NATS_OK) status = natsConnection_PublishMsg(nc_.get(), raw);
    subscriptions_.spend(std::move(message));
  }
  if (status == NATS_OK) unsent_bytes_ += data.size() + kProtocolOverhead_bytes;
  return status == NATS_OK;
}

void Wire::flush() {
  // A zero-length write would be taken for a closed connection.
  if (!may_use() || natsConnection_Buffered(nc_.get()) <= 0) return;
  if (guarded_ && may_write_ && !may_write_()) return abandon_soon();
  natsConnection_ProcessWriteEvent(nc_.get());
  unsent_bytes_ = buffered_bytes();
  if (unsent_bytes_ > 0) return arm_write();  // a partial write announces nothing by itself
  guarded_ = false;
}

std::size_t Wire::buffered_bytes() const {
  if (!attached()) return 0;
  const int buffered = natsConnection_Buffered(nc_.get());
  return buffered > 0 ? static_cast<std::size_t>(buffered) : 0;
}

std::size_t Wire::unconfirmed_bytes() {
  if (!attached()) return 0;
  int in_kernel = 0;
  if (::ioctl(socket_->native_handle(), SIOCOUTQ, &in_kernel) != 0) in_kernel = 0;
  return buffered_bytes() + static_cast<std::size_t>(in_kernel);
}

// Of an address of no family, connect() makes the kernel forget what it has not sent, and reset the
// connection. nats.c finds it lost at its next read, as if the broker had done it: if it were asked
// to close it, it would wait half a second for its buffer to become empty.
void Wire::cut(std::string reason) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  const int socket = socket_->native_handle();
  if (::connect(socket, &nobody, sizeof nobody) != 0) ::shutdown(socket, SHUT_RDWR);
  abandoned_ = std::move(reason);
}

void Wire::abandon(const std::string& reason) {
  if (!attached()) return;
  cut(reason);
  natsConnection_ProcessReadEvent(nc_.get());
}

// A handler may be at work on what that read would free.
void Wire::abandon_soon() {
  cut("what was buffered may not be written any more");
  boost::asio::post(loop_, [self = shared_from_this(), link = link_] {
    if (link == self->link_ && self->attached()) natsConnection_ProcessReadEvent(self->nc_.get());
  });
}

void Wire::poll() {
  if (subscriptions_.in_batch() || !attached()) return;
  pollfd ready{socket_->native_handle(), POLLIN, 0};
  if (::poll(&ready, 1, 0) > 0) read_once();
}

}  // namespace estop::nats
