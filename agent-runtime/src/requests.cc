// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/requests.h"

#include <utility>
#include <vector>

namespace estop::agent {

void Requests::add(std::string id, schemas::Address to, BootTime deadline, Done done) {
  const auto at = deadlines_.emplace(deadline, id);
  waiting_.emplace(std::move(id), Waiting{std::move(to), at, std::move(done), false});
}

bool Requests::answer(const std::string& id, Result<Bytes> result) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  const Done done = std::move(found->second.done);
  deadlines_.erase(found->second.deadline);
  waiting_.erase(found);
  done(std::move(result));
  return true;
}

const schemas::Address* Requests::asked(const std::string& id) const {
  const auto found = waiting_.find(id);
  return found == waiting_.end() ? nullptr : &found->second.to;
}

Requests::Reply Requests::reply(const std::string& id, std::string_view from,
                                Result<Bytes> result) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return Reply::kUnknown;
  if (found->second.to.tokens() != from) {
    return std::exchange(found->second.had_foreign_reply, true) ? Reply::kForeignAgain
                                                                : Reply::kForeign;
  }
  answer(id, std::move(result));
  return Reply::kTaken;
}

void Requests::fail_to(const schemas::Scope& scope, const Error& error) {
  std::vector<std::string> ids;
  for (const auto& [id, one] : waiting_) {
    if (scope.covers(one.to)) ids.push_back(id);
  }
  for (const auto& id : ids) answer(id, tl::make_unexpected(error));
}

void Requests::fail_all(const Error& error) {
  fail_to(schemas::Scope::fleet(), error);
}

void Requests::expire(BootTime now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::string id = deadlines_.begin()->second;
    answer(id, fail(Errc::kTimeout, "the receiver did not answer in time"));
  }
}

std::optional<BootTime> Requests::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace estop::agent
