// SPDX-License-Identifier: Apache-2.0

// nats.c's callbacks, on its threads. They only hop.
#include "broker-bridge/nats/link.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace estop::nats {
namespace {

// From here on to on_detach(): on a library thread (or inside an attempt), with the connection's
// lock.
natsStatus on_attach(void** user, void* loop, natsConnection* /*nc*/, natsSock fd) {
  auto& link = *static_cast<Link*>(loop);  // we gave the library the Link for a loop
  *user = loop;
  daemon::Descriptor own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own.is_open()) return NATS_IO_ERROR;
  const auto patience = static_cast<unsigned>(link.unconfirmed_max.count());
  if (::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience) != 0)
    return NATS_IO_ERROR;
  link.socket = std::move(own);
  link.library_socket = fd;
  return NATS_OK;
}

natsStatus on_read(void* user, bool add) {
  if (add) return NATS_OK;
  auto& link = *static_cast<Link*>(user);
  link.lost.store(true, std::memory_order_release);
  daemon::Descriptor library_socket;
#if NATS_VERSION_NUMBER >= 0x030902  // since then the event loop closes the library's socket
  library_socket = daemon::Descriptor(std::exchange(link.library_socket, -1));
#endif
  link.relay->hop.post(
      [relay = link.relay, lost = link.self, closed_with_this = std::move(library_socket)] {
        relay->events.lost(lost);
      });
  return NATS_OK;
}

natsStatus on_write(void* user, bool add) {
  const auto& relay = static_cast<Link*>(user)->relay;
  if (!add || relay->will_flush.load()) return NATS_OK;
  if (relay->flush_posted.exchange(true, std::memory_order_acq_rel)) return NATS_OK;
  relay->hop.post([relay] {
    relay->flush_posted.store(false, std::memory_order_release);
    relay->events.write();
  });
  return NATS_OK;
}

natsStatus on_detach(void* /*user*/) {
  return NATS_OK;
}

// On the library's callback thread.
void on_closed(natsConnection* /*nc*/, void* closure) {
  const auto last = std::move(static_cast<Link*>(closure)->self);
}

void on_lame_duck(natsConnection* /*nc*/, void* closure) {
  const auto& link = *static_cast<Link*>(closure);
  link.relay->hop.post([relay = link.relay, told = link.self] { relay->events.lame_duck(told); });
}

void on_error(natsConnection* nc, natsSubscription* /*sub*/, natsStatus /*status*/, void* closure) {
  const auto& relay = static_cast<Link*>(closure)->relay;
  relay->hop.post([relay, text = last_error(nc)] { relay->events.error(text); });
}

}  // namespace

natsStatus Link::hear(natsOptions* options) {
  auto status = natsOptions_SetClosedCB(options, &on_closed, this);
  if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, &on_error, this);
  if (status == NATS_OK) status = natsOptions_SetLameDuckModeCB(options, &on_lame_duck, this);
  if (status != NATS_OK) return status;
  // The loop pointer must not be null: with null the library silently stays in threaded mode.
  return natsOptions_SetEventLoop(options, this, &on_attach, &on_read, &on_write, &on_detach);
}

std::string last_error(natsConnection* nc) {
  const char* text = nullptr;
  const auto status = natsConnection_GetLastError(nc, &text);
  if (text != nullptr && *text != 0) return text;
  return status == NATS_OK ? "connection closed" : natsStatus_GetText(status);
}

}  // namespace estop::nats
