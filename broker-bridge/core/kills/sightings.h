// SPDX-License-Identifier: Apache-2.0

// The kills that this bridge saw itself, and for how long it tells so.
//
// Its beats show control each one until the log has it: one that only operators' own orders or an
// uncommitted record brought here is not lost with the control that missed it. And what was seen
// lately is confirmed once more when AGENTS comes back, since a receipt may be lost. Pure, not
// thread-safe.
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

  // `seen.frame`: what beats show of it.
  void add(const schemas::SignedRecord& seen, Nanos now);
  // The kill was never given.
  void forget(const schemas::Record& kill);
  // The applied log has it.
  void committed(const schemas::Record& kill);
  // A resume was applied: what the gate holds no longer is over.
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
