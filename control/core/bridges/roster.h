// SPDX-License-Identifier: Apache-2.0

// The bridges: which of them may be open, which may have a lease, and which have confirmed an
// order.
//
// A bridge may be open until its last granted beat is older than a lease, counted here from the
// beat's arrival (it left earlier, so this is never too short), plus a margin for clocks that
// drift. A bridge that joined before this control started may hold a lease of the control before:
// it counts until a lease after the start.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "control/core/bridges/bridge_name.h"
#include "schemas/messages.h"

namespace estop::control {

struct RosterOptions {
  std::uint64_t lease_us = schemas::kBridgeLease_ms * 1'000ULL;
  std::uint64_t margin_us = 250'000;
  std::uint64_t start_us = 0;  // of this control
};

struct Bridge {
  BridgeName name;
  schemas::PublicKey key{};
  bool joined = false;              // the log says so, and no left record is on its way
  bool wants_grant = false;         // its newest beat asks for one and is not answered yet
  std::uint64_t heard_us = 0;       // arrival of the newest beat; 0: not since the start
  std::uint64_t open_until_us = 0;  // it cannot be open after this
  schemas::BridgeBeat beat;         // the newest
};

// The bridges that an order waits for, and their confirmations.
struct Gathering {
  std::string op_id;
  std::uint64_t seq = 0;
  bool is_kill = true;
  std::uint64_t started_us = 0;
  std::uint64_t done_us = 0;  // 0: not yet
  std::set<BridgeName> waiting;
  std::set<BridgeName> confirmed;
  std::set<BridgeName> outlived;  // their lease ran out, or they left
  std::uint64_t forwarded_before = 0;

  [[nodiscard]] std::size_t of() const {
    return waiting.size() + confirmed.size() + outlived.size();
  }
};

class Roster {
 public:
  explicit Roster(RosterOptions options) : options_(options) {}

  // Records of the log. `earlier`: it joined under an earlier control, which may have given it a
  // lease.
  void joined(const BridgeName& name, const schemas::PublicKey& key, bool earlier);
  // While control makes the log of a lost stream anew, an old record may come after a later join:
  // fences still wait for a bridge that may be open.
  void left(const BridgeName& name, std::uint64_t now_us);
  // Control has written the left record of this bridge. A lease granted now would outlive the
  // record, and no fence behind the record would wait for the bridge.
  void leaves(const BridgeName& name) { bridges_.at(name).joined = false; }

  // A beat. The bridge gets a grant only if it asks to join or is open, and is `trusted`: its
  // applied head is part of our log. A closed bridge that still beats (it lacks a link or records)
  // gets none. So a fence waits at most one lease for what that bridge forwarded.
  Bridge& heard(const schemas::BridgeBeat& beat, bool trusted, std::uint64_t now_us);
  // The nonces to echo now; from here on these bridges may be open.
  std::vector<schemas::Grant> grant();
  // Bridges that joined, and cannot be open any more.
  [[nodiscard]] std::vector<BridgeName> silent(std::uint64_t now_us) const;
  [[nodiscard]] std::size_t maybe_open(std::uint64_t now_us) const;
  // Joined bridges that do not read such records, as their beats say. Such a record in the log
  // closes them for good (unless its kind may be skipped).
  [[nodiscard]] std::vector<BridgeName> cannot_read(schemas::RecordKind kind) const;
  // Forgets bridges that are silent, not joined, and cannot be open: each start of a bridge is
  // another process.
  void forget_gone(std::uint64_t now_us);
  [[nodiscard]] const std::map<BridgeName, Bridge>& all() const { return bridges_; }

  // Waits for every bridge that may be open now. One that exists already is kept.
  Gathering& gather(const std::string& op_id, std::uint64_t seq, bool is_kill,
                    std::uint64_t now_us);
  // The bridge, if the order waits for its receipt; nullptr: no order waits for it (any more).
  [[nodiscard]] const Bridge* awaited(const BridgeName& name, const std::string& op_id) const;
  // Counts a receipt that the bridge signed. Nullptr: no order waits for it (any more), or it was
  // counted before.
  Gathering* confirm(const schemas::BridgeReceipt& receipt, std::uint64_t now_us);
  // Counts bridges that cannot be open any more, and for resumes the bridges whose beat shows that
  // they applied it. Returns the op ids of the changed orders.
  std::vector<std::string> settle(std::uint64_t now_us);
  [[nodiscard]] const Gathering* find(const std::string& op_id) const;
  void forget(const std::string& op_id) { gatherings_.erase(op_id); }

 private:
  [[nodiscard]] bool beats(const Bridge& bridge, std::uint64_t now_us) const;
  static void finish_if_complete(Gathering& gathering, std::uint64_t now_us);

  RosterOptions options_;
  std::map<BridgeName, Bridge> bridges_;
  std::map<std::string, Gathering> gatherings_;  // by op id
};

}  // namespace estop::control
