// SPDX-License-Identifier: Apache-2.0

// Checkpoints and effects: what control keeps for this address. Blocking, thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent-runtime/src/link.h"
#include "agent-runtime/src/standing.h"

namespace estop::agent {

class Store {
 public:
  Store(Link& link, const Standing& standing, Millis timeout);

  // Keeps the answer to the newest hello.
  void keep(std::uint64_t incarnation, const std::vector<schemas::CheckpointInfo>& checkpoints);

  // `life`: of the caller, see Standing. An ended one gets kOldIncarnation. finish and abandon
  // state what has happened, so they are open to every life, and so is reading.
  Result<std::uint64_t> checkpoint(std::uint64_t life, std::string_view key, Bytes bytes);
  Result<std::uint64_t> put(std::uint64_t life, std::string_view key, Bytes bytes,
                            std::uint64_t expected_version);
  Result<Checkpoint> get(std::string_view key);
  Result<std::map<std::string, Checkpoint>> all();
  Result<estop::Effect> begin(std::uint64_t life, std::string_view key);
  Result<void> finish(std::string_view key, Bytes outcome);
  Result<void> abandon(std::string_view key);

 private:
  // All end at `until`, the end of the whole call, however many requests it makes.
  [[nodiscard]] BootTime deadline() const;
  // As control last knew us.
  Result<schemas::StoreReply> ask(schemas::StoreRequest request, BootTime until);
  Result<schemas::StoreReply> ask_as(std::uint64_t life, schemas::StoreRequest request,
                                     BootTime until);
  Result<schemas::StoreReply> exchange(const schemas::StoreRequest& request, BootTime until);
  Result<Checkpoint> get(std::string_view key, BootTime until);
  void remember(std::string_view key, std::uint64_t version);

  Link& link_;
  const Standing& standing_;
  const Millis timeout_;
  const schemas::Subject subject_;
  std::mutex mutex_;
  std::uint64_t incarnation_ = 0;
  std::vector<std::string> keys_;                               // as of the newest hello
  std::map<std::string, std::uint64_t, std::less<>> versions_;  // that this instance wrote or read
};

}  // namespace estop::agent
