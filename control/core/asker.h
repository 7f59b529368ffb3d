// SPDX-License-Identifier: Apache-2.0

// Who asked, and gets the answers. Opaque: the core keeps it and hands it back with each answer,
// and nothing else. What it says knows the adapter that made it: an operator's command over NATS,
// an agent's request, later a request over HTTP.
#pragma once

#include <string>
#include <utility>

namespace estop::control {

class Asker {
 public:
  Asker() = default;  // nobody: what is said to it is dropped
  // `token` must not be empty, and is the adapter's own affair.
  explicit Asker(std::string token) : token_(std::move(token)) {}

  [[nodiscard]] bool is_nobody() const { return token_.empty(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  friend bool operator==(const Asker&, const Asker&) = default;

 private:
  std::string token_;
};

}  // namespace estop::control
