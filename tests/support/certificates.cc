// SPDX-License-Identifier: Apache-2.0
#include "tests/support/certificates.h"

#include <stdexcept>
#include <utility>

#include "broker-bridge/daemon/process.h"
#include "tests/support/wait_until.h"

namespace estop::testing {

Certificates::Certificates(const std::string& host, std::vector<std::string> key)
    : key_(std::move(key)) {
  write_text(file("host.ext"), "subjectAltName=" + host);
  make_ca("ca");
  make_ca("other-ca");
  request({"-subj", "/CN=broker", "-keyout", file("broker.key"), "-out", file("broker.csr")});
  openssl({"x509", "-req", "-in", file("broker.csr"), "-CA", file("ca.pem"), "-CAkey",
           file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", file("host.ext"), "-out",
           file("broker.pem")});
}

std::string Certificates::broker_config() const {
  return "tls { cert_file: \"" + file("broker.pem") + "\", key_file: \"" + file("broker.key") +
         "\", timeout: 10 }\n";
}

void Certificates::make_ca(const std::string& name) const {
  request({"-x509", "-days", "2", "-subj", "/CN=" + name, "-keyout", file(name + ".key"), "-out",
           file(name + ".pem")});
}

void Certificates::request(std::vector<std::string> arguments) const {
  std::vector<std::string> all{"req", "-nodes", "-newkey"};
  all.insert(all.end(), key_.begin(), key_.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  openssl(std::move(all));
}

void Certificates::openssl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "openssl");
  daemon::SpawnOptions spawn;
  spawn.command = std::move(arguments);
  spawn.log_file = file("openssl.log");
  auto child = daemon::ChildProcess::spawn(spawn);
  if (!child) throw std::runtime_error(to_string(child.error()));
  const auto ended = child->wait(kPatience);
  if (!ended || !ended->ok()) throw std::runtime_error(read_text(file("openssl.log")));
}

}  // namespace estop::testing
