// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/admission/asked.h"

#include <algorithm>

#include "broker-bridge/core/admission/scope_tree.h"

namespace estop::bridge {

std::uint64_t Asked::hash(std::string_view text, std::uint64_t seed) const noexcept {
  return TokensHash{seed_ ^ seed}(text);
}

std::uint64_t Asked::key(std::string_view asker, std::string_view instance,
                         std::string_view id) const noexcept {
  return hash(id, hash(instance, hash(asker, 0))) | 1;
}

std::size_t Asked::first_place(std::uint64_t key) noexcept {
  return (key >> 1) % (kRequestsMax / kWays) * kWays;
}

Asked::Request Asked::request(const schemas::IntentSubject& parts, const schemas::IntentHead& head,
                              Nanos now) const {
  if (!has(head.flags, schemas::IntentFlag::kRequest)) return {};
  return {key(parts.sender, parts.instance, head.id), hash(parts.receiver, 0), now};
}

// In place of the same request, or of the oldest that stands where this one may.
void Asked::remember(const Request& request) {
  if (request.key == 0) return;
  if (requests_.empty()) requests_.resize(kRequestsMax);
  const auto first = requests_.begin() + static_cast<std::ptrdiff_t>(first_place(request.key));
  const auto last = first + kWays;
  auto place = std::find_if(first, last, [&](const Request& known) {
    return known.key == request.key && known.receiver == request.receiver;
  });
  if (place == last) {
    place = std::min_element(first, last,
                             [](const Request& a, const Request& b) { return a.at < b.at; });
  }
  *place = request;
}

bool Asked::may_answer(const schemas::IntentSubject& parts, const schemas::IntentHead& head,
                       Nanos now) const {
  if (requests_.empty()) return true;
  const std::uint64_t wanted = key(parts.receiver, head.reply_instance, head.id);
  const std::uint64_t sender = hash(parts.sender, 0);
  const std::size_t first = first_place(wanted);
  bool is_known = false;
  for (std::size_t at = first; at < first + kWays; ++at) {
    const Request& known = requests_[at];
    if (known.key != wanted || now - known.at > kRememberedFor) continue;
    if (known.receiver == sender) return true;
    is_known = true;
  }
  return !is_known;
}

}  // namespace estop::bridge
