// SPDX-License-Identifier: Apache-2.0

// The broker's reports about its connections, decoded: events and answers to CONNZ, as nats-server
// 2.9 and 2.10 write them. nullopt: not a report of the expected form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/core/events.h"

namespace estop::control {

// Of $SYS.ACCOUNT.<account>.CONNECT and .DISCONNECT.
struct ClientReport {
  std::string account_key;             // `A…`
  std::string server;                  // `N…`
  std::uint64_t number = 0;            // of the connection at the server
  std::optional<BrokerClient> client;  // without id; none: of an operator, viewer or stranger
};
[[nodiscard]] std::optional<ClientReport> read_client_report(std::string_view json);

// A part of the answer to $SYS.REQ.ACCOUNT.<account>.CONNZ, which must have been asked with `auth`.
struct ClientPage {
  std::vector<ClientReport> reports;
  std::string server;
  std::uint64_t total = 0;  // connections of which this is a part
};
[[nodiscard]] std::optional<ClientPage> read_client_page(std::string_view json);

}  // namespace estop::control
