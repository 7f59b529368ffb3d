// SPDX-License-Identifier: Apache-2.0

// Where a connection comes from, and with whom it is counted together. Pure.
#pragma once

#include <sys/socket.h>

#include <string>

namespace estop::daemon {

struct HttpPeer {
  int family = AF_INET;
  std::string address;     // as text, without the port; of IPv4 in IPv6 the former
  std::string counted_as;  // the IPv4 address, the /64 of IPv6; empty: the loopback
};
[[nodiscard]] HttpPeer peer_of(const sockaddr_storage& from);

}  // namespace estop::daemon
