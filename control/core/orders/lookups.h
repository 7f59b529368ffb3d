// SPDX-License-Identifier: Apache-2.0

// Orders whose op id was used so long ago that only the recorder remembers it.
//
// They wait for its answer, and not long: a kill that it does not know in time acts, under an op id
// of its own. An op id that was never used waits for nothing, but for the few that the memory takes
// for used ones.
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

  // `ledger` outlives it: it learns what the recorder says.
  explicit Lookups(Ledger& ledger) : ledger_(ledger) {}

  // True: it waits, and comes back from `on` or `expired`.
  bool park(const CommandReceived& asked, const OrderRequest& kill, Turn& turn);
  bool park(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn);
  bool park(const EmergencyReceived& asked, Turn& turn);
  // True: the recorder is asked; the bridge shows it again with its next beat. If the recorder
  // fails, or says nothing for kLookup_us, it is adopted as it is.
  bool asks_of_held(const schemas::Record& kill, Turn& turn);

  // What waited for this answer, or for too long: to be handled now, as it was asked.
  [[nodiscard]] std::vector<Asked> answered(const OrderFound& told, Turn& turn);
  [[nodiscard]] std::vector<Asked> expired(const Turn& turn);

 private:
  struct Parked {  // until the recorder has said what it knows, or the time is over
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
  std::uint64_t asked_of_held_us_ = 0;  // and not answered; 0: none
};

}  // namespace estop::control
