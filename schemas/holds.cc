// SPDX-License-Identifier: Apache-2.0
#include "schemas/holds.h"

#include <utility>

#include "schemas/signing.h"

namespace estop::schemas {

namespace {

std::pair<std::uint64_t, std::uint64_t> place_of(const Hold& kill) noexcept {
  return {kill.epoch, kill.latch.seq};
}

}  // namespace

bool stands_through(const Hold& kill, const Head& place) noexcept {
  return kill.epoch != 0 && kill.latch.seq != 0 &&
         place_of(kill) <= std::pair(place.epoch, place.seq);
}

bool lifts(const Resume& resume, const Hold& kill) noexcept {
  if (kill.latch.scope != resume.scope) return false;
  const auto& named = resume.lifts;
  return stands_through(kill, resume.through.place) ||
         std::find(named.begin(), named.end(), kill.latch.op_id) != named.end();
}

Through through(const Head& place, std::vector<const Hold*> kills) {
  std::sort(kills.begin(), kills.end(),
            [](const Hold* a, const Hold* b) { return place_of(*a) < place_of(*b); });
  std::string names;
  for (const Hold* kill : kills) names.append(kill->latch.op_id).push_back('\0');
  return {place, kills.size(), sha256(names)};
}

ScopeChain::ScopeChain(std::string_view tokens) noexcept {
  for (std::size_t end = 0; !tokens.empty() && size_ < kDepthMax;) {
    end = tokens.find('.', end == 0 ? 0 : end + 1);
    scopes_[size_++] = tokens.substr(0, end);
    if (end == std::string_view::npos) break;
  }
}

}  // namespace estop::schemas
