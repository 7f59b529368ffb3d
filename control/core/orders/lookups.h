// SPDX-License-Identifier: Apache-2.0

// Orders whose op id was used so long ago that only the recorder remembers it.
//
// They wait for its answer, but not long: a kill without an answer in time acts, under an op id of
// its own. An order with a new op id does not wait, except for the few that the memory takes for
// used ones.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "control/core/log/ledger.h"
#include "control/core/orders/command.h"
#include "control/core/turn.h"

namespace estop::control {

class Lookups {
 public:
  using Asked = std::variant<CommandReceived, EmergencyReceived>;

  // `ledger` outlives it and learns the recorder's answer.
  explicit Lookups(Ledger& ledger) : ledger_(ledger) {}

  // True: the order waits, and comes back from `on` or `expired`.
  bool park(const CommandReceived& asked, const OrderRequest& kill, Turn& turn);
  bool park(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn);
  bool park(const EmergencyReceived& asked, Turn& turn);
  // True: it asks the recorder; the bridge shows the kill again with its next beat. If the recorder
  // fails or does not answer for kLookup_us, control adopts the kill as it is.
  bool asks_of_held(const schemas::Record& kill, Turn& turn);

  // The commands that waited for this answer, or too long: handle them now, as they came.
  [[nodiscard]] std::vector<Asked> answered(const OrderFound& told, Turn& turn);
  [[nodiscard]] std::vector<Asked> expired(const Turn& turn);

 private:
  struct Parked {  // until the recorder has answered, or the time is over
    Asked asked;
    std::size_t open = 0;  // questions
    std::uint64_t until_us = 0;
  };
  [[nodiscard]] std::vector<std::string> forgotten(const std::string& op_id,
                                                   const schemas::Scope& scope) const;
  template <class One>
  bool park(const One& asked, const std::vector<std::string>& op_ids, Turn& turn);
  [[nodiscard]] std::vector<Asked> take(std::uint64_t lookup);

  Ledger& ledger_;
  std::map<std::uint64_t, Parked> parked_;  // by lookup; at most kParkedMax
  std::uint64_t lookups_ = 0;
  std::uint64_t failed_us_ = 0;
  std::uint64_t asked_of_held_us_ = 0;  // the open question; 0: none
};

}  // namespace estop::control
