// SPDX-License-Identifier: Apache-2.0

// The client that asked and gets the answers. Opaque: the core keeps it and returns it with each
// answer. Only the adapter that made it knows its meaning: an operator's command over NATS, an
// agent's request, later a request over HTTP.
#pragma once

#include <string>
#include <utility>

namespace estop::control {

class Asker {
 public:
  Asker() = default;  // nobody: answers to it are dropped
  // `token` must not be empty; only the adapter reads it.
  explicit Asker(std::string token) : token_(std::move(token)) {}

  [[nodiscard]] bool is_nobody() const { return token_.empty(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  friend bool operator==(const Asker&, const Asker&) = default;

 private:
  std::string token_;
};

}  // namespace estop::control
