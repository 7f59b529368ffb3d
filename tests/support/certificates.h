// SPDX-License-Identifier: Apache-2.0

// Keys and certificates of a CA of the test's own, made by the openssl command line; valid two
// days.
#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace estop::testing {

class Certificates {
 public:
  // For a broker at `host` ("IP:127.0.0.1", "DNS:…"). Makes `ca.pem`, which certifies it, and
  // `other-ca.pem`, which does not. Throws std::runtime_error with openssl's words.
  // `key`: of all of them, as `openssl req -newkey` takes it.
  explicit Certificates(const std::string& host, std::vector<std::string> key = {
                                                     "ec", "-pkeyopt", "ec_paramgen_curve:P-256"});

  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }
  // For nats-server: TLS only.
  [[nodiscard]] std::string broker_config() const;

 private:
  void make_ca(const std::string& name) const;
  void request(std::vector<std::string> arguments) const;  // with a new key
  void openssl(std::vector<std::string> arguments) const;

  std::vector<std::string> key_;
  TempDir folder_;
};

}  // namespace estop::testing
