// SPDX-License-Identifier: Apache-2.0

// Finds out within a time limit whether a broker's host has an address.
//
// getaddrinfo waits as long as resolv.conf says, ten seconds and more if the name server is silent,
// and nothing ends it early. So the C library asks on a thread of its own, and the caller leaves.
// One query for a host at a time: a second caller waits for the one that runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "schemas/result.h"

namespace estop::nats {

// Not thread-safe.
class Names {
 public:
  Names();
  ~Names();  // waits for no answer

  // kNoContact: no such host, or no answer within `patience`.
  [[nodiscard]] schemas::Result<void> find(const std::string& host,
                                           std::chrono::milliseconds patience);
  // Queries without an answer yet.
  [[nodiscard]] std::size_t open_questions() const { return asked_.size(); }

 private:
  struct Question;
  std::map<std::string, std::unique_ptr<Question>> asked_;
};

}  // namespace estop::nats
