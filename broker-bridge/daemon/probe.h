// SPDX-License-Identifier: Apache-2.0

// Whether a process serves an address: for programs that wait for a start, and for health checks.
//
// Each function blocks for `patience` at most and reads 8 KiB at most. kNoContact gives the address
// and the cause.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/checks.h"
#include "schemas/result.h"

namespace estop::daemon {

[[nodiscard]] schemas::Result<void> accepts(const Endpoint& endpoint,
                                            std::chrono::milliseconds patience);
// Whether a GET of `path` is answered with 200. The error gives the status and text of another
// answer. `cert`: over TLS, and the server shows one of the certificates in this PEM file, or one
// that they certify, whatever name is in it; empty: plain. A file without a certificate is
// kNoContact, too.
[[nodiscard]] schemas::Result<void> answers_ok(const Endpoint& endpoint, const std::string& path,
                                               std::chrono::milliseconds patience,
                                               const std::string& cert = {});

// --healthcheck: whether the daemon at `address` is ready; `cert` is its --listen-cert. The exit
// code: 0 it is ready; 1 it is not, or does not answer within 2 s; 2 `address` is no IP address and
// port. Standard error gives the cause.
[[nodiscard]] int healthcheck(std::string_view program, std::string_view address,
                              const std::string& cert);

}  // namespace estop::daemon
