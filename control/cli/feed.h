// SPDX-License-Identifier: Apache-2.0

// The place of a reader in the live feed: which events are new to it, and when it has to ask the
// audit for missed ones. Pure. Numbers are those of lines of the audit.
#pragma once

#include <cstdint>
#include <optional>

namespace estop::cli {

class FeedPlace {
 public:
  // `after`: the reader has all up to this number, and wants the rest. Nothing: it wants only later
  // events.
  explicit FeedPlace(std::optional<std::uint64_t> after);

  // Takes an event of the feed; 0: it has no number. True: show it now. False: it was shown, or
  // comes with the missed ones.
  [[nodiscard]] bool takes(std::uint64_t number);
  // The connection was away: events may have been lost.
  void was_away();
  // The newest line when the reader came, if no event has given a place before.
  void begins_at(std::uint64_t newest);

  [[nodiscard]] bool is_behind() const { return is_behind_; }
  // The line after which to ask the audit.
  [[nodiscard]] std::uint64_t last() const { return last_.value_or(0); }
  [[nodiscard]] bool has_place() const { return last_.has_value(); }
  // A line of the audit was shown. Lines may be missing where the audit was cut.
  void took(std::uint64_t number);
  void caught_up();  // with the last page of the answer

 private:
  std::optional<std::uint64_t> last_;
  std::uint64_t read_from_ = 0;  // lines read from the audit may still come as events: from here
  std::uint64_t newest_ = 0;     // of the events
  std::optional<std::uint64_t> asked_;  // end of the last answer
  std::uint64_t heard_of_ = 0;          // `newest_` at that moment
  bool is_behind_ = false;
};

}  // namespace estop::cli
