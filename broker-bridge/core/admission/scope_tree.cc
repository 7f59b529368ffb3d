// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/core/admission/scope_tree.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "schemas/limits.h"

namespace estop::bridge {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

Node* allocate(std::string_view name) {
  void* memory = ::operator new(sizeof(Node) + name.size());
  auto* node = new (memory) Node;
  node->name_size = static_cast<std::uint8_t>(name.size());
  std::memcpy(static_cast<char*>(memory) + sizeof(Node), name.data(), name.size());
  return node;
}

void release(Node* node) noexcept {
  node->~Node();
  ::operator delete(node);
}

}  // namespace

static_assert(3 * schemas::kSegmentMax_bytes + 2 <= UINT8_MAX, "an address fits Node::name_size");
static_assert(schemas::kInstancesMax <= UINT16_MAX, "Node::instances can count them");

std::string_view parent_tokens(std::string_view tokens) noexcept {
  const auto dot = tokens.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : tokens.substr(0, dot);
}

std::size_t TokensHash::operator()(std::string_view tokens) const noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = seed ^ (tokens.size() * kOdd);
  const char* at = tokens.data();
  std::size_t left = tokens.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = mix(hash ^ word, kOdd);
  }
  std::uint64_t rest = 0;
  if (left > 0) std::memcpy(&rest, at, left);
  return mix(hash ^ rest ^ kOdd, kOdd ^ seed);
}

std::size_t TokensHash::operator()(const Node* node) const noexcept {
  if (node->kind != Node::Kind::kInstance) return (*this)(node->name());
  std::array<char, 256> tokens{};
  const auto agent = node->parent->name();
  const auto end = std::copy(agent.begin(), agent.end(), tokens.begin());
  *end = '.';
  const auto name = node->name();
  std::copy(name.begin(), name.end(), end + 1);
  return (*this)(std::string_view(tokens.data(), agent.size() + 1 + name.size()));
}

bool TokensEqual::operator()(const Node* node, std::string_view tokens) const noexcept {
  const auto name = node->name();
  if (node->kind != Node::Kind::kInstance) return name == tokens;
  const auto agent = node->parent->name();
  return tokens.size() == agent.size() + 1 + name.size() && tokens.ends_with(name) &&
         tokens[agent.size()] == '.' && tokens.starts_with(agent);
}

ScopeTree::ScopeTree(std::uint64_t hash_seed)
    : fleet_(std::make_unique<Node>()), nodes_(0, TokensHash{hash_seed}) {
  nodes_.max_load_factor(0.8F);
}

ScopeTree::~ScopeTree() {
  for (Node* node : nodes_) release(node);
}

Node* ScopeTree::find(std::string_view tokens) const {
  if (tokens.empty()) return fleet_.get();
  const auto found = nodes_.find(tokens);
  return found == nodes_.end() ? nullptr : *found;
}

Node& ScopeTree::nearest(std::string_view tokens) const {
  while (true) {
    if (Node* node = find(tokens); node != nullptr) return *node;
    tokens = parent_tokens(tokens);
  }
}

Node& ScopeTree::make(std::string_view tokens) {
  if (Node* known = find(tokens); known != nullptr) return *known;
  const auto above = parent_tokens(tokens);
  Node& parent = make(above);
  const bool is_instance = parent.kind == Node::Kind::kAgent;
  Node* node = allocate(is_instance ? tokens.substr(above.size() + 1) : tokens);
  node->parent = &parent;
  node->kind = static_cast<Node::Kind>(static_cast<int>(parent.kind) + 1);
  if (is_instance) {
    node->link = parent.link;
    parent.link = node;
    ++parent.instances;
  }
  nodes_.insert(node);
  return *node;
}

bool ScopeTree::drop_idle_instances(Node& agent) {
  bool dropped = false;
  for (Node** at = &agent.link; *at != nullptr;) {
    Node* node = *at;
    if (node->used || node->kills != nullptr || node->incarnation != 0) {
      node->used = false;
      at = &node->link;
      continue;
    }
    *at = node->link;
    --agent.instances;
    nodes_.erase(node);
    release(node);
    dropped = true;
  }
  return dropped;
}

}  // namespace estop::bridge
