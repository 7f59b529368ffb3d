// SPDX-License-Identifier: Apache-2.0

// The kills that hold, by the scopes that they cover: one index for control, bridges and runtimes.
//
// The index keeps scopes as they were ordered and looks them up at the moment of a question, so a
// kill also covers instances that are born later. A question about one instance looks at its five
// scopes: fleet, org, workspace, agent, instance. Not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schemas/invariant.h"
#include "schemas/messages.h"

namespace estop::schemas {

// One kill that holds. A part that needs more fields derives a struct of its own from this one.
struct Hold {
  Latch latch;
  // With `latch.seq` its place in the log. 0: as far as this part knows, it has no place yet. A
  // number that the stream has not taken may become another record's.
  std::uint64_t epoch = 0;
  std::string given{};  // the op id that its operator gave it, if control wrote it under another
};

// Whether the kill stands in the log at or before `place`.
[[nodiscard]] bool stands_through(const Hold& kill, const Head& place) noexcept;
// Whether the resume lifts this kill: the kill has the same scope, and the resume names it or its
// place covers it.
[[nodiscard]] bool lifts(const Resume& resume, const Hold& kill) noexcept;
// What a resume by place states about the kills that it lifts (Resume::through): their number and
// the SHA-256 over their op ids, in the order of the log, each followed by a zero byte. `kills` may
// be in any order.
[[nodiscard]] Through through(const Head& place, std::vector<const Hold*> kills);

// The scopes that cover "org.workspace.name.instance" (or fewer tokens), widest first; the first is
// the fleet, which is the empty text.
class ScopeChain {
 public:
  static constexpr std::size_t kDepthMax = 5;
  explicit ScopeChain(std::string_view tokens) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view operator[](std::size_t depth) const noexcept {
    return scopes_[depth];
  }

 private:
  std::array<std::string_view, kDepthMax> scopes_{};
  std::size_t size_ = 1;
};

template <std::derived_from<Hold> Held>
class HoldIndex {
 public:
  using Holds = std::vector<const Held*>;

  // The caller has checked that the index holds none with this op id and scope.
  Held& add(Held held) {
    auto& of_scope = by_scope_[held.latch.scope.tokens()];
    const auto added = of_scope.insert(of_scope.end(), std::move(held));
    by_op_.emplace(added->latch.op_id, added);
    ++by_depth_[depth_of(added->latch.scope)];
    return *added;
  }
  // `held` is gone afterwards.
  void remove(const Held& held) {
    auto [at, end] = by_op_.equal_range(held.latch.op_id);
    const auto found =
        std::find_if(at, end, [&](const auto& one) { return &*one.second == &held; });
    ensure(found != end, "a hold that ends is in the index");
    const auto place = found->second;
    by_op_.erase(found);
    --by_depth_[depth_of(held.latch.scope)];
    const auto of_scope = by_scope_.find(held.latch.scope.tokens());
    of_scope->second.erase(place);
    if (of_scope->second.empty()) by_scope_.erase(of_scope);
  }

  // A kill is its op id and its scope: two orders may bear one op id.
  [[nodiscard]] Held* find(std::string_view op_id, const Scope& scope) {
    auto [at, end] = by_op_.equal_range(op_id);
    for (; at != end; ++at) {
      if (at->second->latch.scope == scope) return &*at->second;
    }
    return nullptr;
  }
  [[nodiscard]] const Held* find(std::string_view op_id, const Scope& scope) const {
    return const_cast<HoldIndex*>(this)->find(op_id, scope);
  }
  // Any kill with this op id.
  [[nodiscard]] const Held* find(std::string_view op_id) const {
    const auto found = by_op_.find(op_id);
    return found == by_op_.end() ? nullptr : &*found->second;
  }

  // Whether a kill covers the address or instance that these tokens name. No allocation.
  [[nodiscard]] bool covers(std::string_view tokens) const {
    if (by_op_.empty()) return false;
    const ScopeChain chain(tokens);
    for (std::size_t depth = 0; depth < chain.size(); ++depth) {
      if (by_depth_[depth] != 0 && by_scope_.contains(chain[depth])) return true;
    }
    return false;
  }
  // Every kill that covers them, narrowest scope first, within one scope the oldest first; at most
  // `max`. Pointers are valid until the index changes, here and below.
  [[nodiscard]] Holds covering(std::string_view tokens, std::size_t max = SIZE_MAX) const {
    Holds found;
    if (by_op_.empty()) return found;
    const ScopeChain chain(tokens);
    for (std::size_t depth = chain.size(); depth-- > 0;) {
      if (by_depth_[depth] == 0) continue;
      const auto of_scope = by_scope_.find(chain[depth]);
      if (of_scope == by_scope_.end()) continue;
      for (const Held& held : of_scope->second) {
        if (found.size() >= max) return found;
        found.push_back(&held);
      }
    }
    return found;
  }
  // Every kill of exactly this scope, oldest first.
  [[nodiscard]] Holds exactly(const Scope& scope) const {
    Holds found;
    const auto of_scope = by_scope_.find(scope.tokens());
    if (of_scope == by_scope_.end()) return found;
    for (const Held& held : of_scope->second) found.push_back(&held);
    return found;
  }
  // Every kill of a wider scope that covers this one, narrowest first.
  [[nodiscard]] Holds wider_than(const Scope& scope) const {
    if (scope.kind() == Scope::Kind::kFleet) return {};
    const std::string_view tokens = scope.tokens();
    const std::size_t end = tokens.rfind('.');
    return covering(end == std::string_view::npos ? std::string_view{} : tokens.substr(0, end));
  }
  // Those of exactly this scope at or before a place in the log.
  [[nodiscard]] Holds through_place(const Scope& scope, const Head& place) const {
    Holds found = exactly(scope);
    std::erase_if(found, [&](const Held* held) { return !stands_through(*held, place); });
    return found;
  }
  // The kills that this resume lifts: the kills of its scope that it names or that stand through
  // its place, and the kills that are held under the op ids that their operators gave them.
  [[nodiscard]] Holds lifted_by(const Resume& resume) const {
    Holds found;
    if (resume.through.place.seq != 0) found = through_place(resume.scope, resume.through.place);
    std::set<const Held*> seen(found.begin(), found.end());
    const auto add_named = [&](std::string_view op_id) {
      const Held* named = find(op_id, resume.scope);
      if (named != nullptr && seen.insert(named).second) found.push_back(named);
    };
    for (const std::string& op_id : resume.lifts) add_named(op_id);
    for (std::size_t i = 0, recorded = found.size(); i < recorded; ++i) {
      if (!found[i]->given.empty()) add_named(found[i]->given);
    }
    return found;
  }
  [[nodiscard]] Holds all() const {
    Holds found;
    found.reserve(by_op_.size());
    for (const auto& [tokens, of_scope] : by_scope_) {
      for (const Held& held : of_scope) found.push_back(&held);
    }
    return found;
  }
  [[nodiscard]] std::size_t size() const noexcept { return by_op_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  static std::size_t depth_of(const Scope& scope) { return ScopeChain(scope.tokens()).size() - 1; }

  using OfScope = std::list<Held>;
  // Key: Scope::tokens().
  std::unordered_map<std::string, OfScope, TextHash, std::equal_to<>> by_scope_;
  std::unordered_multimap<std::string, typename OfScope::iterator, TextHash, std::equal_to<>>
      by_op_;
  std::array<std::size_t, ScopeChain::kDepthMax> by_depth_{};  // how many
};

}  // namespace estop::schemas
