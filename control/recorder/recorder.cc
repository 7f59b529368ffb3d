// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/recorder.h"

#include <fmt/format.h>

#include <future>
#include <limits>
#include <thread>

#include "control/recorder/queue.h"
#include "control/recorder/store.h"
#include "control/recorder/work.h"
#include "control/recorder/writer.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::Error;
using schemas::Result;

constexpr std::uint64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();  // of SQLite

Result<void> check(const RecorderOptions& options) {
  if (options.folder.empty()) return schemas::fail(Errc::kBadArgument, "folder is empty");
  if (options.group_max == 0) return schemas::fail(Errc::kBadArgument, "group_max is 0");
  if (options.queue_max == 0) return schemas::fail(Errc::kBadArgument, "queue_max is 0");
  if (options.retry_ms == 0) return schemas::fail(Errc::kBadArgument, "retry_ms is 0");
  return {};
}

Result<void> check(const AuditEntry& entry) {
  const std::size_t size = entry.kind.size() + entry.actor.size() + entry.subject.size() +
                           entry.op_id.size() + entry.detail.size();
  if (size <= kAuditLineMax_bytes) return {};
  return schemas::fail(Errc::kTooLarge, fmt::format("the audit line has {} bytes, {} are allowed",
                                                    size, kAuditLineMax_bytes));
}

Result<void> check(const schemas::SignedRecord& signed_record,
                   const std::optional<AuditEntry>& audit) {
  const schemas::Record& record = signed_record.record;
  if (record.seq == 0 || record.seq > kIntegerMax || record.epoch > kIntegerMax) {
    return schemas::fail(Errc::kBadArgument, "epoch or seq is out of range");
  }
  return audit ? check(*audit) : Result<void>();
}

class SqliteRecorder final : public Recorder {
 public:
  SqliteRecorder(RecorderOptions options, std::unique_ptr<RecorderStore> store)
      : options_(std::move(options)),
        store_(std::move(store)),
        queue_(options_),
        writer_(options_, *store_, queue_, counters_),
        thread_([this] { writer_.run(); }) {}

  ~SqliteRecorder() override {
    queue_.close();
    thread_.join();
  }

  void append_record(const schemas::SignedRecord& record, std::optional<AuditEntry> audit,
                     Urgency urgency, AuditDone done) override {
    AddRecord work{stored(record), std::move(audit), std::move(done), {}};
    const auto fits = check(record, work.audit);
    fits ? enqueue(std::move(work), urgency) : turn_down(std::move(work), fits.error());
  }

  Result<std::vector<schemas::SignedRecord>> load_records() override {
    return wait_for<ReadRecords>([](RecorderStore& store) { return store.records.load(0); });
  }

  void audit(AuditEntry entry, Urgency urgency, AuditDone done) override {
    const auto fits = check(entry);
    AddAudit work{std::move(entry), std::move(done), {}};
    fits ? enqueue(std::move(work), urgency) : turn_down(std::move(work), fits.error());
  }

  void list_audit(AuditQuery query, AuditRows done) override {
    query.limit = std::min(query.limit, kAuditListMax);
    enqueue(ListRows{std::move(query), std::move(done)});
  }

  void verify_audit(std::function<void(Result<AuditVerdict>)> done) override {
    enqueue(VerifyRows{std::move(done)});
  }

  void store(const schemas::Address& address, const schemas::Instance& instance,
             const schemas::StoreRequest& request, StoreDone done) override {
    enqueue(StoreRequestOf{address.text(), instance.text(), request, std::move(done), {}});
  }

  void list_checkpoints(const schemas::Address& address, Checkpoints done) override {
    enqueue(ReadCheckpoints{[text = address.text()](RecorderStore& store) {
                              return Result<std::vector<schemas::CheckpointInfo>>(
                                  store.checkpoints.list(text));
                            },
                            std::move(done),
                            {}});
  }

  void list_begun_effects(const schemas::Address& address, Effects done) override {
    const std::string text = address.empty() ? std::string() : address.text();
    enqueue(ReadEffects{[text](RecorderStore& store) {
                          return Result<std::vector<AmbiguousEffect>>(store.effects.begun(text));
                        },
                        std::move(done),
                        {}});
  }

  void put_agent(const StoredAgent& agent) override { enqueue(KeepAgent{agent}); }

  Result<std::vector<StoredAgent>> load_agents() override {
    return wait_for<ReadAgents>(
        [](RecorderStore& store) { return Result<std::vector<StoredAgent>>(store.agents.load()); });
  }

  bool healthy() const override { return counters_.healthy; }

  RecorderStats stats() const override {
    RecorderStats stats;
    stats.commits = counters_.commits;
    stats.rows = counters_.rows;
    stats.failures = counters_.failures;
    stats.queued = queue_.size();
    stats.owed = counters_.owed;
    stats.audit_head = counters_.audit_head;
    stats.commit_seconds_total = static_cast<double>(counters_.commit_ns) / 1e9;
    return stats;
  }

 private:
  static StoredRecord stored(const schemas::SignedRecord& signed_record) {
    const schemas::Record& record = signed_record.record;
    return {record.epoch, record.seq,         record.term,        record.kind,
            record.op_id, signed_record.hash, signed_record.frame};
  }

  void enqueue(Work work, Urgency urgency = Urgency::kGroup) {
    if (queue_.push(work, urgency)) return;
    ++counters_.failures;
    if (audit_lines(work) > 0) {
      counters_.note_outage(wall_clock_ms());
      counters_.lost_lines += audit_lines(work);
    }
    refuse(work, {Errc::kStoreUnavailable, "the recorder's queue is full: try again later"});
  }

  static void turn_down(Work work, const Error& error) { refuse(work, error); }

  // Runs a read on the writer thread and waits for it.
  template <class Read, class Function>
  decltype(Read::outcome) wait_for(Function read) {
    std::promise<decltype(Read::outcome)> promise;
    auto outcome = promise.get_future();
    enqueue(Read{read, [&promise](auto result) { promise.set_value(std::move(result)); }, {}});
    return outcome.get();
  }

  const RecorderOptions options_;
  std::unique_ptr<RecorderStore> store_;
  RecorderCounters counters_;
  WorkQueue queue_;
  RecorderWriter writer_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options) {
  if (auto fits = check(options); !fits) return tl::make_unexpected(fits.error());
  auto store = RecorderStore::open(options.folder);
  if (!store) return tl::make_unexpected(store.error());
  return std::make_unique<SqliteRecorder>(std::move(options), std::move(*store));
}

}  // namespace estop::control
