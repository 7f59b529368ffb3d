// SPDX-License-Identifier: Apache-2.0

// The tree of all scopes that a bridge knows: fleet ← org ← workspace ← agent ← instance.
//
// One hash lookup finds a node by its dotted tokens ("acme.prod.mailer.k3j9x2ab"); from there
// parent pointers lead to every scope that could hold a kill. A node is one allocation with its
// name behind it: about 200 bytes per address with one instance. Not thread-safe. Nodes stay where
// they are until `drop`.
#pragma once

#include <tsl/robin_set.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "schemas/address.h"

namespace estop::bridge {

struct HeldKill;

// The state of one scope.
struct Node {
  using Kind = schemas::Scope::Kind;

  Node* parent = nullptr;         // null only for the fleet
  Node* link = nullptr;           // agent: its newest instance; instance: the next one of the agent
  HeldKill* kills = nullptr;      // first of the kills that hold exactly this scope; not owned
  std::uint64_t incarnation = 0;  // of the newest resume of exactly this scope
  std::uint64_t forwarded = 0;    // intents that passed from or to this scope
  std::uint16_t instances = 0;    // agent: how many are linked
  Kind kind = Kind::kFleet;
  std::uint8_t name_size = 0;
  bool used = false;  // instance: sent something since the last look for idle ones

  // The full tokens; of an instance only the last one (its agent has the rest).
  [[nodiscard]] std::string_view name() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), name_size};
  }
};

// Mixes eight bytes at a time. The seed keeps an agent from choosing instance names that collide.
struct TokensHash {
  using is_transparent = void;
  std::uint64_t seed = 0;
  [[nodiscard]] std::size_t operator()(std::string_view tokens) const noexcept;
  [[nodiscard]] std::size_t operator()(const Node* node) const noexcept;
};

struct TokensEqual {
  using is_transparent = void;
  [[nodiscard]] bool operator()(const Node* a, const Node* b) const noexcept { return a == b; }
  [[nodiscard]] bool operator()(const Node* node, std::string_view tokens) const noexcept;
  [[nodiscard]] bool operator()(std::string_view tokens, const Node* node) const noexcept {
    return (*this)(node, tokens);
  }
};

class ScopeTree {
 public:
  explicit ScopeTree(std::uint64_t hash_seed);
  ~ScopeTree();
  ScopeTree(const ScopeTree&) = delete;
  ScopeTree& operator=(const ScopeTree&) = delete;

  [[nodiscard]] Node& fleet() noexcept { return *fleet_; }
  // All `tokens` here are one to four checked tokens with dots between; "" is the fleet.
  [[nodiscard]] Node* find(std::string_view tokens) const;
  // The narrowest known node that covers `tokens`.
  [[nodiscard]] Node& nearest(std::string_view tokens) const;
  // Finds the node, or makes it and its missing parents.
  Node& make(std::string_view tokens);
  // Forgets the instances of an agent that hold no kill and sent nothing since the last call; true
  // if there was one.
  bool drop_idle_instances(Node& agent);
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size() + 1; }

 private:
  using Nodes = tsl::robin_set<Node*, TokensHash, TokensEqual, std::allocator<Node*>, true>;

  std::unique_ptr<Node> fleet_;
  Nodes nodes_;
};

// Everything before the last dot; "" for one token.
[[nodiscard]] std::string_view parent_tokens(std::string_view tokens) noexcept;

}  // namespace estop::bridge
