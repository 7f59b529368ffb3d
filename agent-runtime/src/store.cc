// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/store.h"

#include <algorithm>
#include <utility>

#include "schemas/codec.h"

namespace estop::agent {

using schemas::StoreOp;
using schemas::StoreReply;
using schemas::StoreRequest;

namespace {

constexpr std::size_t kOutcomeMax_bytes = 4 * 1024;

Result<void> check(const StoreRequest& request) {
  if (request.key.empty() || request.key.size() > schemas::kKeyMax_bytes) {
    return fail(Errc::kBadArgument, "a key has 1 to 256 bytes");
  }
  const bool outcome = request.op == StoreOp::kEffectFinish;
  const std::size_t bytes_max = outcome ? kOutcomeMax_bytes : schemas::kCheckpointMax_bytes;
  if (request.bytes.size() > bytes_max) {
    return fail(Errc::kTooLarge,
                outcome ? "an outcome has at most 4 KiB" : "a checkpoint has at most 1 MiB");
  }
  return {};
}

}  // namespace

Store::Store(Link& link, const Standing& standing, Millis timeout)
    : link_(link),
      standing_(standing),
      timeout_(timeout),
      subject_(
          link.identity().subjects.checkpoint(link.identity().address, link.identity().instance)) {}

// Their versions are not taken over: writing over what one has never read must conflict.
void Store::keep(std::uint64_t incarnation,
                 const std::vector<schemas::CheckpointInfo>& checkpoints) {
  const std::lock_guard lock(mutex_);
  incarnation_ = incarnation;
  keys_.clear();
  for (const auto& one : checkpoints) keys_.push_back(one.key);
}

void Store::remember(std::string_view key, std::uint64_t version) {
  const std::lock_guard lock(mutex_);
  versions_[std::string(key)] = version;
}

BootTime Store::deadline() const {
  return link_.now() + timeout_;
}

Result<StoreReply> Store::ask(StoreRequest request, BootTime until) {
  {
    const std::lock_guard lock(mutex_);
    request.incarnation = incarnation_;
  }
  return exchange(request, until);
}

Result<StoreReply> Store::ask_as(std::uint64_t life, StoreRequest request, BootTime until) {
  const auto now = standing_.life();
  if (life != now.number) return fail(Errc::kOldIncarnation, "the life that asks has ended");
  if (life == 0) return ask(std::move(request), until);  // stopped since its birth
  request.incarnation = now.incarnation;
  return exchange(request, until);
}

Result<StoreReply> Store::exchange(const StoreRequest& request, BootTime until) {
  if (auto fits = check(request); !fits) return tl::make_unexpected(fits.error());
  auto asked = schemas::encode(request);  // what control could not read it would not answer
  if (!asked) return fail(Errc::kBadArgument, "the key: " + asked.error().detail);
  // Even with no time left it is sent: an abandon counts though nobody waits for its answer.
  const auto left = std::chrono::duration_cast<Millis>(until - link_.now());
  const auto bytes = link_.ask(subject_, std::move(*asked), std::max(left, Millis{1}));
  if (!bytes) return tl::make_unexpected(bytes.error());
  auto reply = schemas::decode<StoreReply>(*bytes);
  if (!reply) return tl::make_unexpected(reply.error());
  if (reply->code != Errc::kOk) return fail(reply->code, reply->detail);
  return reply;
}

Result<std::uint64_t> Store::checkpoint(std::uint64_t life, std::string_view key, Bytes bytes) {
  std::uint64_t expected = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = versions_.find(key); known != versions_.end()) expected = known->second;
  }
  return put(life, key, std::move(bytes), expected);
}

Result<std::uint64_t> Store::put(std::uint64_t life, std::string_view key, Bytes bytes,
                                 std::uint64_t expected_version) {
  auto reply = ask_as(
      life, {StoreOp::kPut, std::string(key), expected_version, 0, std::move(bytes)}, deadline());
  if (!reply) return tl::make_unexpected(reply.error());
  remember(key, reply->version);
  return reply->version;
}

Result<Checkpoint> Store::get(std::string_view key) {
  return get(key, deadline());
}

Result<Checkpoint> Store::get(std::string_view key, BootTime until) {
  auto reply = ask({StoreOp::kGet, std::string(key), 0, 0, {}}, until);
  if (!reply) return tl::make_unexpected(reply.error());
  remember(key, reply->version);
  return Checkpoint{reply->version, std::move(reply->bytes)};
}

Result<std::map<std::string, Checkpoint>> Store::all() {
  const BootTime until = deadline();
  std::vector<std::string> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
    for (const auto& [key, version] : versions_) {
      if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) keys.push_back(key);
    }
  }
  std::map<std::string, Checkpoint> found;
  for (auto& key : keys) {
    if (link_.now() >= until) {
      return fail(Errc::kTimeout, std::to_string(found.size()) + " of " +
                                      std::to_string(keys.size()) +
                                      " checkpoints were read in time: get_checkpoint() each");
    }
    auto one = get(key, until);
    if (!one) return tl::make_unexpected(one.error());
    found.emplace(std::move(key), std::move(*one));
  }
  return found;
}

Result<estop::Effect> Store::begin(std::uint64_t life, std::string_view key) {
  if (auto may = standing_.may_act(life); !may) return tl::make_unexpected(may.error());
  const BootTime until = deadline();
  auto reply = ask_as(life, {StoreOp::kEffectBegin, std::string(key), 0, 0, {}}, until);
  if (!reply) return tl::make_unexpected(reply.error());
  if (auto may = standing_.may_act(life); !may) {
    // Stopped while control wrote: the caller will not act, so it must not stay begun.
    if (reply->effect == EffectState::kNone) {
      (void)ask({StoreOp::kEffectAbandon, std::string(key), 0, 0, {}}, until);
    }
    return tl::make_unexpected(may.error());
  }
  return estop::Effect{reply->effect, std::move(reply->bytes)};
}

Result<void> Store::finish(std::string_view key, Bytes outcome) {
  auto reply =
      ask({StoreOp::kEffectFinish, std::string(key), 0, 0, std::move(outcome)}, deadline());
  if (!reply) return tl::make_unexpected(reply.error());
  return {};
}

Result<void> Store::abandon(std::string_view key) {
  auto reply = ask({StoreOp::kEffectAbandon, std::string(key), 0, 0, {}}, deadline());
  if (!reply) return tl::make_unexpected(reply.error());
  return {};
}

}  // namespace estop::agent
