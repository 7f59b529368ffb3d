// SPDX-License-Identifier: Apache-2.0

// Requests that wait for an answer, and the addresses that may give it. On the I/O thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent-runtime/core/obedience_types.h"
#include "estop/agent_types.h"

namespace estop::agent {

class Requests {
 public:
  using Done = std::function<void(Result<Bytes>)>;  // called exactly once; must not block

  void add(std::string id, schemas::Address to, BootTime deadline, Done done);
  bool answer(const std::string& id, Result<Bytes> result);  // false: no request waits

  // The address that has to reply to a request; nullptr: no request of that id waits.
  [[nodiscard]] const schemas::Address* asked(const std::string& id) const;
  enum class Reply : std::uint8_t {
    kTaken,
    kUnknown,       // no request waits for it
    kForeign,       // not from the address that was asked: the request continues to wait
    kForeignAgain,  // the same, of a request that has had one
  };
  // `from`: org.workspace.name of the replier, as the bridge names it.
  Reply reply(const std::string& id, std::string_view from, Result<Bytes> result);

  void fail_to(const schemas::Scope& scope, const Error& error);  // whose receiver is covered
  void fail_all(const Error& error);
  void expire(BootTime now);
  [[nodiscard]] std::optional<BootTime> next_deadline() const;
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  struct Waiting {
    schemas::Address to;
    std::multimap<BootTime, std::string>::iterator deadline;
    Done done;
    bool had_foreign_reply = false;
  };
  std::unordered_map<std::string, Waiting> waiting_;
  std::multimap<BootTime, std::string> deadlines_;
};

}  // namespace estop::agent
