// SPDX-License-Identifier: Apache-2.0

// What everybody saw during a run, and what of it may not be. Pure: the tests of this folder write
// histories, and history_test.cc writes broken ones, to show that each rule can fail.
//
// Times are nanoseconds of CLOCK_BOOTTIME, the same for all on one machine. Bytes that a broker has
// routed may wait in a receiver's socket, so the time of reading alone proves nothing. *Marks* do:
// numbered messages that the operator's side sends to every receiver after `fenced` was told. What
// a receiver reads behind a mark, the broker has routed behind it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schemas/address.h"

namespace estop::testing {

// One instance of an agent. It is named by its index in History::parties.
struct Party {
  schemas::Address address;
  std::string instance;
};

struct Delivery {
  std::uint32_t sender = 0;
  std::uint32_t receiver = 0;
  std::uint64_t number = 0;       // of the sender's intents
  std::uint64_t incarnation = 0;  // of the sender
  std::int64_t sent_ns = 0;
  std::int64_t received_ns = 0;
  std::uint64_t mark = 0;  // the newest that the receiver had read
};

// A kill, or (without an op id) a time in which no bridge may be open.
struct Stop {
  std::string op_id;
  schemas::Scope scope;
  std::int64_t fenced_ns = 0;          // the operator read that the fence holds; 0: never
  std::uint64_t mark = 0;              // the first that was sent after that
  std::int64_t resume_ordered_ns = 0;  // 0: never
  std::uint64_t incarnation = 0;       // that the resume gave; 0: not known
  bool committed = false;              // the operator was told so, and below
  std::uint64_t audit = 0;             // number of the durable entry
  bool lifted = false;                 // its resume is durable
};

struct Saved {
  std::uint64_t version = 0;
  std::string bytes;
};
using Place = std::pair<std::string, std::string>;  // address, key

struct History {
  std::vector<Party> parties;
  std::vector<Delivery> deliveries;
  std::vector<Stop> stops;
  std::map<Place, Saved> saved;           // the newest that was acknowledged
  std::map<Place, std::string> finished;  // effects that were acknowledged, with their outcome
};

// What is there when all is over.
struct End {
  std::map<Place, Saved> saved;
  std::map<Place, std::string> finished;
  std::map<std::uint64_t, std::string> audit;  // number, op id
  std::vector<std::string> kills;              // op ids in force
  std::string audit_problem;                   // of `verify`; empty: the chain is whole
};

// One sentence for each intent that arrived behind a fence that held. I1, I2, I6.
[[nodiscard]] std::vector<std::string> deliveries_behind_a_fence(const History& history);

// One sentence for each thing that may not be; at most `max` of each rule. I1, I2, I6, I8, I12.
[[nodiscard]] std::vector<std::string> what_is_wrong(const History& history, const End& end,
                                                     std::size_t max = 5);

}  // namespace estop::testing
