// SPDX-License-Identifier: Apache-2.0

// The address of a connection, and the group with which it is counted. Pure.
#pragma once

#include <sys/socket.h>

#include <string>

namespace estop::daemon {

struct HttpPeer {
  int family = AF_INET;
  std::string address;     // as text, without the port; an IPv4 address in IPv6 as IPv4
  std::string counted_as;  // the IPv4 address, the /64 of IPv6; empty: the loopback
};
[[nodiscard]] HttpPeer peer_of(const sockaddr_storage& from);

}  // namespace estop::daemon
