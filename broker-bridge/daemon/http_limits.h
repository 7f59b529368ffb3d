// SPDX-License-Identifier: Apache-2.0

// Limits for a client of the HTTP listener: bytes, places, time.
#pragma once

#include <chrono>
#include <cstddef>

namespace estop::daemon {

struct HttpLimits {
  std::size_t header_max_bytes = 8 * 1024;  // of the request's line and its fields; beyond: 431
  std::size_t body_max_bytes = 64 * 1024;   // beyond: 413
  // Beyond it, the connection that waits longest without a complete request loses its place
  // (http_places.h).
  std::size_t connections_max = 512;
  // Of one IPv4 address or one /64 of IPv6. The loopback counts only among all: its connections are
  // this host's own, or those of a proxy with many clients.
  std::size_t connections_per_peer_max = 64;
  std::size_t requests_per_connection_max = 1'000;  // then it ends, and the client makes another
  std::size_t queue_max = 256;   // requests that wait for the daemon's loop; beyond: 503
  std::size_t streams_max = 64;  // beyond: 503
  std::size_t stream_max_bytes = 256 * 1024;  // waiting for one client; beyond it is cut off

  using Millis = std::chrono::milliseconds;
  Millis handshake_ms{10'000};
  Millis idle_ms{15'000};    // until the first byte of a request
  Millis header_ms{5'000};   // from there to the last byte of its head: 408
  Millis body_ms{10'000};    // to the last byte of its body: 408
  Millis answer_ms{10'000};  // of the daemon's loop: 503
  Millis write_ms{10'000};   // of an answer, or of the waiting bytes of a stream
  Millis linger_ms{1'000};   // for the client to read the last answer and to close
};

}  // namespace estop::daemon
