// SPDX-License-Identifier: Apache-2.0

// An agent on the real runtime, in a process of its own, that writes down what happens to it.
#pragma once

#include <cstdint>
#include <istream>
#include <sstream>
#include <string>

#include "tests/integration/control/site.h"

namespace estop::testing {

// The agent of fault_agent.cc and its record.
class AgentProcess {
 public:
  // Without a url at the broker itself.
  AgentProcess(Site& site, const std::string& address, const std::string& url = {})
      : record_(site.data.file("agent.record")) {
    const control::AgentRole role{schemas::Address::parse(address).value()};
    daemon::SpawnOptions spawn;
    spawn.command = {ESTOP_FAULT_AGENT, address, url.empty() ? site.broker->url() : url,
                     site.data.file("keys/log.pub"), site.creds(role, control::Account::kAgents)};
    spawn.log_file = record_;
    child = daemon::ChildProcess::spawn(spawn).value();
  }
  [[nodiscard]] bool has(const std::string& text) const {
    return read_text(record_).find(text) != std::string::npos;
  }
  [[nodiscard]] std::size_t count(const std::string& what) const {
    std::istringstream lines(read_text(record_));
    std::size_t found = 0;
    for (std::string line; getline(lines, line);) found += line.starts_with(what) ? 1 : 0;
    return found;
  }
  // Lines `got` between `from_ns` and the first `resumed` behind it.
  [[nodiscard]] std::size_t handled_since(std::int64_t from_ns) const {
    std::istringstream lines(read_text(record_));
    std::size_t handled = 0;
    for (std::string line; getline(lines, line);) {
      std::istringstream words(line);
      std::string what;
      std::int64_t at = 0;
      words >> what >> at;
      if (at < from_ns) continue;
      if (what == "resumed") break;
      if (what == "got") ++handled;
    }
    return handled;
  }
  // When it noted `what` for the first time behind `from_ns`; 0: never.
  [[nodiscard]] std::int64_t first(const std::string& what, std::int64_t from_ns) const {
    std::istringstream lines(read_text(record_));
    for (std::string line; getline(lines, line);) {
      std::istringstream words(line);
      std::string word;
      std::int64_t at = 0;
      words >> word >> at;
      if (word == what && at >= from_ns) return at;
    }
    return 0;
  }
  daemon::ChildProcess child;

 private:
  std::string record_;
};

}  // namespace estop::testing
