// SPDX-License-Identifier: Apache-2.0

// A real nats-server with Estop's own configuration, and users on it.
#pragma once

#include <string>
#include <vector>

#include "broker-bridge/daemon/process.h"
#include "control/auth/auth.h"
#include "tests/support/raw_nats.h"
#include "tests/support/temp_dir.h"

namespace estop::testing {

// nats-server with broker_config's text and nothing on its command line that could mend it. Runs
// when the constructor returns, which throws std::runtime_error with the broker's log.
class AuthBroker {
 public:
  AuthBroker();
  AuthBroker(const AuthBroker&) = delete;
  AuthBroker& operator=(const AuthBroker&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int monitor_port() const { return monitor_port_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] const control::Keyring& keys() const { return keys_; }
  [[nodiscard]] std::string log() const;  // what the broker printed

  // Creds as Estop makes them, and a connection with them. Throws if the broker refuses.
  [[nodiscard]] std::string creds(const control::Role& role, control::Account account) const;
  [[nodiscard]] RawNats user(const control::Role& role, control::Account account) const;
  // One that hears and may say everything in its account. Estop never makes such a user.
  [[nodiscard]] RawNats witness(control::Account account) const;
  [[nodiscard]] std::string creds_with(const control::Permissions& allowed,
                                       control::Account account) const;
  // The JWT of the agents' account, revoking the user of `creds` (if any), issued so long after the
  // one that the broker was configured with.
  [[nodiscard]] std::string agents_jwt(const std::string& creds, std::uint64_t later_s) const;

  void stop();
  void start();  // the same configuration, on any port
  [[nodiscard]] std::string resolver_folder() const { return folder_.file("store/accounts"); }

 private:
  bool read_ports();

  TempDir folder_;
  control::Keyring keys_ = control::Keyring::generate();
  daemon::ChildProcess process_;
  int port_ = 0;
  int monitor_port_ = 0;
};

// The cast of the tests: mallory is hostile, mailer its victim.
[[nodiscard]] control::Role mallory();
[[nodiscard]] control::Role mailer();
[[nodiscard]] control::Role bridge();     // b1
[[nodiscard]] control::Role operator_();  // alice
[[nodiscard]] control::Role viewer();     // bob

// Every subject that any role may use in any account, wildcards as they stand and filled in, and
// what else an attacker would try.
[[nodiscard]] std::vector<std::string> every_subject();
// Whether the broker lets `subject` pass under the allow-list `patterns`. It compares a
// subscription's wildcards as if they were names: `a.>` passes under `a.*`. So no subject of Estop
// is deeper than one that a list ends with `*`.
[[nodiscard]] bool covered(const std::string& subject, const std::vector<std::string>& patterns);

}  // namespace estop::testing
