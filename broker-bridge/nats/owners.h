// SPDX-License-Identifier: Apache-2.0

// Owners of nats.c's handles: move-only, each destroy function named once. Internal to this folder.
#pragma once

#include <memory>
#include <utility>

#include <nats/nats.h>
#include <unistd.h>

namespace estop::nats {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};

using OptionsOwner = std::unique_ptr<natsOptions, Destroyer<natsOptions_Destroy>>;
// Destroying it closes the connection; the library's callbacks can still come until `closed`.
using ConnectionOwner = std::unique_ptr<natsConnection, Destroyer<natsConnection_Destroy>>;
// Destroying it also unsubscribes. It takes the connection's lock: only while connected or at the
// end, because a reconnect attempt holds that lock.
using SubscriptionOwner = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;
using MessageOwner = std::unique_ptr<natsMsg, Destroyer<natsMsg_Destroy>>;

// A file descriptor that is closed exactly once.
class DescriptorOwner {
 public:
  DescriptorOwner() = default;
  explicit DescriptorOwner(int fd) noexcept : fd_(fd) {}
  DescriptorOwner(DescriptorOwner&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DescriptorOwner& operator=(DescriptorOwner&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DescriptorOwner() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace estop::nats
