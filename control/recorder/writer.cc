// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "broker-bridge/daemon/boot_clock.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Error;
using schemas::Result;

constexpr auto kAnchorEvery = std::chrono::seconds(1);
constexpr auto kSweepAgain = std::chrono::seconds(10);  // after a failure
constexpr std::size_t kScansMax = 64;
constexpr std::uint64_t kSweep_rows = 1'000;   // in one transaction
constexpr std::uint64_t kSweepLog_rows = 200;  // each is read

bool is_write(const Work& work) {
  return class_of(work) == WorkClass::kWrite;
}

}  // namespace

RecorderWriter::RecorderWriter(const RecorderOptions& options, RecorderStore& store,
                               WorkQueue& queue, RecorderCounters& counters)
    : options_(options), store_(store), queue_(queue), counters_(counters) {
  counters_.audit_head = store.audit.head().number;
}

void RecorderWriter::run() {
  for (;;) {
    WorkQueue::Batch batch = queue_.take(next_turn());
    if (batch.closed) break;
    serve(batch);
    pay_debts(Clock::now());
    step_scan();
    sweep_cut(Clock::now());
    sweep_log(Clock::now());
    store_.audit.tell_tail();
    keep_anchor(Clock::now(), batch.urgent && !queue_.urgent_waiting());
    if (!batch.urgent) store_.database().checkpoint_if_due();
  }
  refuse_scans({Errc::kStoreUnavailable, "the recorder is closing"});
  while (!owed_.empty() && pay_some()) {
  }
  if (counters_.outage_since_ms != 0) tell_gap();
  keep_anchor(Clock::now(), true);
}

void RecorderWriter::serve(WorkQueue::Batch& batch) {
  std::vector<Work*> writes;
  for (Work& work : batch.works) {
    if (is_write(work)) writes.push_back(&work);
  }
  if (!writes.empty()) {
    const Result<void> committed = batch.urgent ? commit_in_order(writes) : commit(writes);
    for (Work* work : writes) {
      if (committed) {
        answer(*work);
      } else {
        give_up(*work, batch.urgent, committed.error());
      }
    }
  }
  for (Work& work : batch.works) {
    if (class_of(work) == WorkClass::kRead) read(work);
    if (class_of(work) == WorkClass::kScan) start_scan(work);
  }
}

// A log with a gap is no log: what is owed comes first.
Result<void> RecorderWriter::commit_in_order(std::vector<Work*> works) {
  while (!owed_.empty()) {
    if (!pay_some()) {
      return schemas::fail(Errc::kStoreUnavailable, "what came before it cannot be written");
    }
  }
  return commit(std::move(works));
}

Result<void> RecorderWriter::commit(std::vector<Work*> works) {
  const auto begun = Clock::now();
  const Result<void> done = store_.transact([&] {
    for (Work* work : works) perform(store_, *work);
  });
  counters_.healthy = done.has_value();
  if (!done) {
    ++counters_.failures;
    counters_.note_outage(daemon::wall_ms());
    next_attempt_ = Clock::now() + std::chrono::milliseconds(options_.retry_ms);
    return done;
  }
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begun);
  counters_.commit_ns += static_cast<std::uint64_t>(took.count());
  counters_.rows += works.size();
  ++counters_.commits;
  counters_.audit_head = store_.audit.head().number;
  return done;
}

// Counted before anybody is told, so that whoever is told finds it in the counters.
void RecorderWriter::give_up(Work& work, bool urgent, const Error& error) {
  if (urgent) {
    ++counters_.owed;
  } else {
    counters_.lost_lines += audit_lines(work);
  }
  refuse(work, error);
  if (urgent) owed_.push_back(std::move(work));
}

void RecorderWriter::read(Work& work) {
  const Result<void> done = store_.read([&] { perform(store_, work); });
  if (done) {
    answer(work);
  } else {
    refuse(work, done.error());
  }
}

// At once after a write went through, otherwise when the time for another attempt has come.
void RecorderWriter::pay_debts(Clock::time_point now) {
  if (!counters_.healthy && now < next_attempt_) return;
  if (!owed_.empty() && !pay_some()) return;
  if (owed_.empty() && counters_.outage_since_ms != 0) tell_gap();
}

bool RecorderWriter::pay_some() {
  const auto end = owed_.begin() + static_cast<std::ptrdiff_t>(
                                       std::min<std::size_t>(owed_.size(), options_.group_max));
  std::vector<Work*> oldest;
  std::transform(owed_.begin(), end, std::back_inserter(oldest), [](Work& work) { return &work; });
  if (!commit(std::move(oldest))) return false;
  owed_.erase(owed_.begin(), end);
  counters_.owed = owed_.size();
  return true;
}

// Also where no line was lost: the attempts to write this one are how an idle recorder finds out
// that it can write again.
void RecorderWriter::tell_gap() {
  const std::uint64_t since = counters_.outage_since_ms.exchange(0);
  const std::uint64_t lost = counters_.lost_lines.exchange(0);
  const std::string detail = fmt::format(R"({{"lines":{},"since_ms":{}}})", lost, since);
  Work gap = AddAudit{{"gap", "recorder", "", "", detail, daemon::wall_ms()}, nullptr, {}};
  if (commit({&gap})) return;
  counters_.outage_since_ms = since;
  counters_.lost_lines += lost;
}

void RecorderWriter::start_scan(Work& work) {
  if (scans_.size() >= kScansMax) {
    refuse(work, {Errc::kOverLimit, "too many readers of the audit at a time"});
    return;
  }
  if (auto* list = std::get_if<ListRows>(&work)) {
    scans_.emplace_back(Listing{{store_.audit, std::move(list->query)}, std::move(list->done)});
  } else if (auto* verify = std::get_if<VerifyRows>(&work)) {
    auto anchor = store_.anchor().read();
    if (!anchor) {
      AuditVerdict verdict;
      verdict.problem = anchor.error().detail;
      verify->done(std::move(verdict));
      return;
    }
    scans_.emplace_back(Verification{{store_.audit, *anchor}, std::move(verify->done)});
  }
}

// One slice of the oldest scan, which then goes behind the others.
void RecorderWriter::step_scan() {
  if (scans_.empty()) return;
  Scan scan = std::move(scans_.front());
  scans_.pop_front();
  const bool answered = std::visit([this](auto& each) { return step(each); }, scan);
  if (!answered) scans_.push_back(std::move(scan));
}

bool RecorderWriter::step(Listing& listing) {
  bool finished = false;
  const auto read = store_.read([&] { finished = listing.scan.step(); });
  if (!read) listing.done(tl::make_unexpected(read.error()));
  if (read && finished) listing.done(listing.scan.take());
  return !read || finished;
}

// A page that cannot be read is a finding, not a failure to look.
bool RecorderWriter::step(Verification& verification) {
  bool finished = false;
  const auto read = store_.read([&] { finished = verification.scan.step(); });
  if (read && !finished) return false;
  AuditVerdict verdict = verification.scan.verdict();
  if (!read) {
    verdict.first_bad = verdict.rows + 1;
    verdict.problem = read.error().detail;
  }
  verification.done(std::move(verdict));
  return true;
}

void RecorderWriter::refuse_scans(const Error& error) {
  for (Scan& scan : scans_) {
    std::visit([&](auto& each) { each.done(tl::make_unexpected(error)); }, scan);
  }
  scans_.clear();
}

// Not before the anchor has moved on: it may name a row that goes.
void RecorderWriter::sweep_cut(Clock::time_point now) {
  const std::uint64_t through = store_.audit.beginning().through;
  if (swept_through_ == through || store_.anchored() <= through || now < next_sweep_) return;
  bool is_swept = false;
  const auto done = store_.transact([&] { is_swept = store_.audit.sweep(kSweep_rows); });
  if (done && is_swept) swept_through_ = through;
  if (done) return;
  ++counters_.failures;
  next_sweep_ = now + kSweepAgain;
}

void RecorderWriter::sweep_log(Clock::time_point now) {
  if (!store_.sweep.is_due() || now < next_sweep_) return;
  Result<void> swept;
  const auto done = store_.transact([&] { swept = store_.sweep.step(kSweepLog_rows); });
  if (done && swept) return;
  ++counters_.failures;
  next_sweep_ = now + kSweepAgain;
}

void RecorderWriter::keep_anchor(Clock::time_point now, bool at_once) {
  if (store_.audit.head().number == store_.anchored()) return;
  if (!at_once && now < next_anchor_) return;
  if (!store_.move_anchor()) ++counters_.failures;
  next_anchor_ = now + kAnchorEvery;
}

// When the loop has to turn although nothing came.
RecorderWriter::Clock::time_point RecorderWriter::next_turn() const {
  const auto now = Clock::now();
  if (!scans_.empty()) return now;
  auto next = now + std::chrono::hours(1);
  if (!owed_.empty() || counters_.outage_since_ms != 0) {
    next = std::min(next, counters_.healthy ? now : next_attempt_);
  }
  if (store_.audit.head().number != store_.anchored()) next = std::min(next, next_anchor_);
  if (store_.sweep.is_due()) next = std::min(next, next_sweep_);
  const std::uint64_t cut = store_.audit.beginning().through;
  if (swept_through_ != cut && store_.anchored() > cut) next = std::min(next, next_sweep_);
  return next;
}

}  // namespace estop::control
