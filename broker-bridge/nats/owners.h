// SPDX-License-Identifier: Apache-2.0

// Owners of nats.c's handles: move-only, each destroy function named once. Internal to this folder.
#pragma once

#include <memory>

#include <nats/nats.h>

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
// Destroying it also unsubscribes. That takes the connection's lock, which a reconnect attempt
// holds: so destroy it only while connected or at the end.
using SubscriptionOwner = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;
using MessageOwner = std::unique_ptr<natsMsg, Destroyer<natsMsg_Destroy>>;

}  // namespace estop::nats
