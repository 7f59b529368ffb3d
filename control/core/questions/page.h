// SPDX-License-Identifier: Apache-2.0

// One page of an answer that may be longer than a message: the items of its lists in a fixed order,
// until the page is full. `next` names the item after which the following page begins; the client
// passes it as `after`. Items that appear or disappear between two pages move no others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/core/questions/shown.h"
#include "schemas/limits.h"

namespace estop::control {

// Bytes of one answer's items as text (shown.h). Far below a message's bound: a long answer has
// many pages, and between two of them control does other work.
inline constexpr std::size_t kPageMax_bytes = 256 * 1024;
inline constexpr std::uint32_t kPageMax_items = 10'000;
static_assert(2 * kPageMax_bytes <= schemas::kControlMessageMax_bytes,
              "and the fields around them");

// The lists, in the order in which answers have them. A cursor begins with the name of its list.
inline constexpr std::string_view kBridgeList = "bridge";
inline constexpr std::string_view kKillList = "kill";
inline constexpr std::string_view kProposalList = "proposal";
inline constexpr std::string_view kAgentList = "agent";
inline constexpr std::string_view kCheckpointList = "checkpoint";
inline constexpr std::string_view kEffectList = "effect";

struct PageRequest {
  std::string after{};                   // the `next` of the page before; empty: from the beginning
  std::uint32_t limit = kPageMax_items;  // items
};

class Page {
 public:
  explicit Page(const PageRequest& request);

  // The lists are asked for one after the other, the items of each in the order of their keys.
  // True: the item belongs to this page, if it still fits: make it and add() it. Keys may hold any
  // text.
  [[nodiscard]] bool wants(std::string_view list, std::string_view key);
  // After wants(). False: it did not fit, and nothing after it does. Its size is shown_bytes().
  template <class Item>
  bool add(std::vector<Item>& list, Item item) {
    if (!takes(shown_bytes(item) + 1)) return false;
    list.push_back(std::move(item));
    return true;
  }

  // Empty: this is the last page.
  [[nodiscard]] const std::string& next() const { return next_; }

 private:
  bool takes(std::size_t bytes);

  std::string after_;
  std::size_t left_items_;
  std::size_t left_bytes_ = kPageMax_bytes;
  bool is_empty_ = true;
  bool is_full_ = false;
  std::string last_;    // added
  std::string wanted_;  // the newest that belongs here
  bool is_behind_;      // the list that `after_` names has been reached
  std::string next_;
};

}  // namespace estop::control
