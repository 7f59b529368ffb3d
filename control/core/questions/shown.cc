// SPDX-License-Identifier: Apache-2.0
#include "control/core/questions/shown.h"

namespace estop::control {

namespace {

// Names of fields, numbers of 20 digits, hashes and times of one item.
constexpr std::size_t kKill_bytes = 224;
constexpr std::size_t kBridge_bytes = 512;
constexpr std::size_t kProposal_bytes = 512;
constexpr std::size_t kInstance_bytes = 288;
constexpr std::size_t kCounters_bytes = 448;
constexpr std::size_t kStored_bytes = 96;  // checkpoints and effects

// A byte that JSON escapes (\u001f), and one of broken UTF-8, which becomes U+FFFD.
constexpr std::size_t kEscaped_bytes = 6;
constexpr std::size_t kReplaced_bytes = 3;

}  // namespace

std::size_t shown_bytes(std::string_view text) noexcept {
  std::size_t bytes = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      bytes += kEscaped_bytes;
    } else if (byte >= 0x80) {
      bytes += kReplaced_bytes;
    } else {
      bytes += c == '"' || c == '\\' ? 2 : 1;
    }
  }
  return bytes;
}

std::size_t shown_bytes(const ShownKill& kill) {
  const schemas::Latch& latch = kill.latch;
  return kKill_bytes + shown_bytes(latch.op_id) + shown_bytes(latch.scope.text()) +
         shown_bytes(latch.actor) + shown_bytes(latch.reason) + shown_bytes(kill.given_as);
}

std::size_t shown_bytes(const ShownBridge& bridge) {
  return kBridge_bytes + shown_bytes(bridge.name.id) + shown_bytes(bridge.name.process);
}

std::size_t shown_bytes(const ShownProposal& proposal) {
  const schemas::Record& draft = proposal.draft;
  std::size_t bytes = kProposal_bytes + shown_bytes(draft.op_id) +
                      shown_bytes(draft.scope().text()) + shown_bytes(draft.actor.name) +
                      shown_bytes(draft.reason);
  if (const auto* resume = std::get_if<schemas::Resume>(&draft.body)) {
    for (const std::string& lifted : resume->lifts) bytes += shown_bytes(lifted) + 3;
  }
  return bytes;
}

std::size_t shown_bytes(const ShownInstance& instance) {
  std::size_t bytes = kInstance_bytes + shown_bytes(instance.stored.address.text()) +
                      shown_bytes(instance.stored.instance.text());
  if (instance.killed) {
    bytes += shown_bytes(instance.killed->by) + shown_bytes(instance.killed->reason);
  }
  if (!instance.more) return bytes;
  return bytes + kCounters_bytes + shown_bytes(instance.stored.host) +
         shown_bytes(instance.more->runtime) + shown_bytes(instance.more->spawned_by);
}

std::size_t shown_bytes(const schemas::CheckpointInfo& checkpoint) {
  return kStored_bytes + shown_bytes(checkpoint.key);
}

std::size_t shown_bytes(const AmbiguousEffect& effect) {
  return kStored_bytes + shown_bytes(effect.key) + shown_bytes(effect.instance);
}

}  // namespace estop::control
