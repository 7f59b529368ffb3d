// SPDX-License-Identifier: Apache-2.0

// The kills that this bridge saw itself, and how long it reports them.
//
// Its beats show each one to control until the log has it. So a kill that reached only this bridge,
// by an operator's own order or an uncommitted record, is not lost when the control that missed it
// ends. The bridge confirms recent ones once more when AGENTS comes back, since a receipt may be
// lost. Pure, not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker-bridge/core/admission/gate.h"
#include "broker-bridge/core/contact/lease.h"
#include "schemas/messages.h"

namespace estop::bridge {

class Sightings {
 public:
  static constexpr Nanos kRecent = 60'000'000'000;  // an older kill was confirmed or given up

  // Beats show `seen.frame`.
  void add(const schemas::SignedRecord& seen, Nanos now);
  // Nobody ordered the kill.
  void forget(const schemas::Record& kill);
  // The applied log has it.
  void committed(const schemas::Record& kill);
  // A resume was applied: forgets the kills that the gate no longer holds.
  void lifted(const Gate& gate);

  // For a beat, as many as fit.
  [[nodiscard]] std::vector<schemas::Bytes> frames() const;
  [[nodiscard]] std::vector<schemas::Record> recent(Nanos now) const;

 private:
  struct Sighting {
    schemas::Record kill;
    Nanos at = 0;
  };
  std::map<std::string, schemas::SignedRecord> held_;  // not in the applied log; by kill_key.h
  std::vector<Sighting> recent_;
};

}  // namespace estop::bridge
