// SPDX-License-Identifier: Apache-2.0

// The items of the lists for operators, and the room that each takes in an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/core/bridges/bridge_name.h"
#include "control/recorder/rows.h"
#include "schemas/messages.h"

namespace estop::control {

struct ShownKill {
  schemas::Latch latch;
  std::uint64_t epoch = 0;
  std::string given_as{};
};

struct ShownBridge {
  BridgeName name;
  bool joined = false;
  bool may_be_open = false;
  std::optional<schemas::BridgeBeat> beat{};  // nullopt: not heard since control started
  std::uint64_t heard_ms_ago = 0;
};

// An order that waits for a second operator.
struct ShownProposal {
  schemas::Record draft;
  std::uint64_t expires_in_ms = 0;
};

struct ShownInstance {
  StoredAgent stored;
  schemas::AgentState state = schemas::AgentState::kUnknown;
  schemas::AgentState health = schemas::AgentState::kUnknown;  // apart from kills
  std::uint64_t incarnation = 0;
  std::uint64_t heard_ms_ago = 0;
  struct Killed {
    std::string by;
    std::string reason;
    bool is_confirmed = false;  // it said that it stopped
  };
  std::optional<Killed> killed{};
  struct More {
    std::string runtime;
    std::string spawned_by;
    schemas::Beat counters{};
  };
  std::optional<More> more{};  // if the question wants it
};

// Upper bounds of the bytes that an item takes as JSON, whatever its texts hold.
[[nodiscard]] std::size_t shown_bytes(std::string_view text) noexcept;
[[nodiscard]] std::size_t shown_bytes(const ShownKill& kill);
[[nodiscard]] std::size_t shown_bytes(const ShownBridge& bridge);
[[nodiscard]] std::size_t shown_bytes(const ShownProposal& proposal);
[[nodiscard]] std::size_t shown_bytes(const ShownInstance& instance);
[[nodiscard]] std::size_t shown_bytes(const schemas::CheckpointInfo& checkpoint);
[[nodiscard]] std::size_t shown_bytes(const AmbiguousEffect& effect);

}  // namespace estop::control
