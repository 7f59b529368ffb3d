// SPDX-License-Identifier: Apache-2.0

// Follows the control log: says which records are committed, in order, and when the log cannot be
// trusted.
//
// Live records are only remembered: the broker delivers a publish even if the stream refuses it.
// Only the head in control's signed lease frames counts. A record is committed when the hash chain
// leads from that head to it. So the signature of the head covers every record before it, and none
// of them needs a check of its own. A replay of the stream fills gaps. Pure, not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::bridge {

// Where the follower stands after a step.
struct Progress {
  enum class Kind : std::uint8_t {
    kAtHead,  // everything that is committed is applied
    kBehind,  // records from..to are missing: replay them
    kBroken,  // the log went back, forked or cannot be followed: stop for good
  };
  Kind kind = Kind::kAtHead;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string problem;  // kBroken: a sentence
};

class Follower {
 public:
  // The newest committed record that it returned.
  [[nodiscard]] const schemas::Head& applied() const noexcept { return applied_; }
  [[nodiscard]] const schemas::Head& head() const noexcept { return head_; }

  // A record from the live log; kept until a head covers it. Beyond kPendingMax the newest is
  // dropped (a replay gets it).
  void saw(schemas::SignedRecord record);
  // The head of a verified lease frame. Appends the records that it commits to `ready`, in order.
  Progress follow(const schemas::Head& head, std::vector<schemas::SignedRecord>& ready);
  // As follow, with the newest head again: after a replay.
  Progress again(std::vector<schemas::SignedRecord>& ready) { return follow(head_, ready); }
  // What the lease says: the number of part 0 of a snapshot with which the log may begin; 0: none.
  // Who has applied nothing reads from there on; so does who did not get what comes next.
  void may_begin_at(std::uint64_t seq) noexcept;
  void replay_failed() noexcept { is_lost_ = true; }
  // Whether the log begins anew with this record of a replay. Then it does, by `begin`.
  [[nodiscard]] bool begins_with(const schemas::SignedRecord& record) const;
  void begin(const schemas::SignedRecord& part) { advance(part); }
  // The next record of a replay, in order. True: it is new, apply it; false: it is known from
  // before a new epoch. An error breaks the log for good.
  schemas::Result<bool> replayed(const schemas::SignedRecord& record);

  static constexpr std::size_t kPendingMax = 4096;

 private:
  [[nodiscard]] schemas::Result<void> check_link(const schemas::Record& record) const;
  [[nodiscard]] std::vector<const schemas::SignedRecord*> path_to(const schemas::Head& head) const;
  void advance(const schemas::SignedRecord& record);

  schemas::Head applied_;
  schemas::Head head_;
  std::uint64_t term_ = 0;  // of the newest applied record
  std::uint64_t begins_ = 0;
  // What leases said before: a replay may have been asked for with one of these.
  std::array<std::uint64_t, 4> begun_{};
  bool is_lost_ = false;  // the record behind `applied_` could not be read
  std::map<schemas::Hash, schemas::SignedRecord> pending_;  // seen, not known as committed
};

}  // namespace estop::bridge
