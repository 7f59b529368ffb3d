// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace estop::daemon {
namespace {

constexpr std::size_t kNetwork_bytes = 8;  // of an IPv6 address: one host may have all the others

std::string text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const char* made = ::inet_ntop(family, address, buffer.data(), buffer.size());
  return made == nullptr ? std::string() : std::string(made);
}

HttpPeer of_four(int family, const in_addr& address) {
  HttpPeer peer{family, text(AF_INET, &address), {}};
  const bool is_loopback = (ntohl(address.s_addr) >> 24U) == IN_LOOPBACKNET;
  if (!is_loopback) peer.counted_as = peer.address;
  return peer;
}

}  // namespace

HttpPeer peer_of(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &from, sizeof four);
    return of_four(AF_INET, four.sin_addr);
  }
  sockaddr_in6 six{};
  std::memcpy(&six, &from, sizeof six);
  if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
    in_addr four{};
    std::memcpy(&four, &six.sin6_addr.s6_addr[12], sizeof four);
    return of_four(AF_INET6, four);
  }
  HttpPeer peer{AF_INET6, text(AF_INET6, &six.sin6_addr), {}};
  if (IN6_IS_ADDR_LOOPBACK(&six.sin6_addr)) return peer;
  in6_addr network = six.sin6_addr;
  std::memset(&network.s6_addr[kNetwork_bytes], 0, sizeof network - kNetwork_bytes);
  peer.counted_as = text(AF_INET6, &network) + "/64";
  return peer;
}

}  // namespace estop::daemon
