// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/recorder.h"

#include <fmt/format.h>

#include <future>
#include <limits>
#include <thread>

#include "broker-bridge/daemon/boot_clock.h"
#include "control/recorder/audit_cut.h"
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
  if (entry.kind == kAuditCutKind) {
    return schemas::fail(Errc::kBadArgument, "a line of this kind cuts: it is made by cut_audit");
  }
  const std::size_t size = text_bytes(entry);
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

}  // namespace

struct Recorder::Parts {
  Parts(RecorderOptions given, std::unique_ptr<RecorderStore> opened)
      : options(std::move(given)),
        store(std::move(opened)),
        queue(options),
        writer(options, *store, queue, counters),
        thread([this] { writer.run(); }) {}
  ~Parts() {
    queue.close();
    thread.join();
  }

  void enqueue(Work work, Urgency urgency = Urgency::kGroup) {
    if (queue.push(work, urgency)) return;
    ++counters.failures;
    if (audit_lines(work) > 0) {
      counters.note_outage(daemon::wall_ms());
      counters.lost_lines += audit_lines(work);
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

  const RecorderOptions options;
  std::unique_ptr<RecorderStore> store;
  RecorderCounters counters;
  WorkQueue queue;
  RecorderWriter writer;
  std::thread thread;  // last: it uses all of the above
};

Recorder::Recorder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Recorder::~Recorder() = default;

void Recorder::append_record(const schemas::SignedRecord& record, std::optional<AuditEntry> audit,
                             Urgency urgency, AuditDone done) {
  AddRecord work{stored(record), std::move(audit), std::move(done), {}};
  const auto fits = check(record, work.audit);
  fits ? parts_->enqueue(std::move(work), urgency)
       : Parts::turn_down(std::move(work), fits.error());
}

Result<StoredLog> Recorder::load_log() {
  return parts_->wait_for<ReadLog>([](RecorderStore& store) { return store.records.load_log(); });
}

void Recorder::find_order(const std::string& op_id, OrderDone done) {
  const auto read = [op_id](RecorderStore& store) {
    auto found = store.records.find_order(op_id);
    if (found && *found) (*found)->audit_number = store.audit.line_of_order(op_id);
    return found;
  };
  parts_->enqueue(ReadOrder{read, std::move(done), {}});
}

void Recorder::audit(AuditEntry entry, Urgency urgency, AuditDone done) {
  const auto fits = check(entry);
  AddAudit work{std::move(entry), std::move(done), {}};
  fits ? parts_->enqueue(std::move(work), urgency)
       : Parts::turn_down(std::move(work), fits.error());
}

void Recorder::follow_audit(AuditTail tail) {
  parts_->enqueue(FollowAudit{std::move(tail)}, Urgency::kFirst);  // not given up if it fails
}

void Recorder::cut_audit(CutRequest request, CutDone done) {
  parts_->enqueue(CutAudit{std::move(request), std::move(done), {}});
}

void Recorder::read_beginning(CutDone done) {
  const auto read = [](RecorderStore& store) { return Result<AuditCut>(store.audit.beginning()); };
  parts_->enqueue(ReadBeginning{read, std::move(done), {}});
}

void Recorder::list_audit(AuditQuery query, AuditRows done) {
  query.limit = std::min(query.limit, kAuditListMax);
  parts_->enqueue(ListRows{std::move(query), std::move(done)});
}

void Recorder::verify_audit(std::function<void(Result<AuditVerdict>)> done) {
  parts_->enqueue(VerifyRows{std::move(done)});
}

void Recorder::store(const schemas::Address& address, const schemas::Instance& instance,
                     const schemas::StoreRequest& request, StoreDone done) {
  parts_->enqueue(StoreRequestOf{address.text(), instance.text(), request, std::move(done), {}});
}

void Recorder::list_checkpoints(const schemas::Address& address, Checkpoints done) {
  parts_->enqueue(ReadCheckpoints{[text = address.text()](RecorderStore& store) {
                                    return Result<std::vector<schemas::CheckpointInfo>>(
                                        store.checkpoints.list(text));
                                  },
                                  std::move(done),
                                  {}});
}

void Recorder::list_begun_effects(const schemas::Address& address, Effects done) {
  const std::string text = address.empty() ? std::string() : address.text();
  parts_->enqueue(ReadEffects{[text](RecorderStore& store) {
                                return Result<std::vector<AmbiguousEffect>>(
                                    store.effects.begun(text));
                              },
                              std::move(done),
                              {}});
}

void Recorder::put_agent(const StoredAgent& agent) {
  parts_->enqueue(KeepAgent{agent});
}

Result<std::vector<StoredAgent>> Recorder::load_agents() {
  return parts_->wait_for<ReadAgents>(
      [](RecorderStore& store) { return Result<std::vector<StoredAgent>>(store.agents.load()); });
}

bool Recorder::healthy() const {
  return parts_->counters.healthy;
}

RecorderStats Recorder::stats() const {
  RecorderStats stats;
  stats.commits = parts_->counters.commits;
  stats.rows = parts_->counters.rows;
  stats.failures = parts_->counters.failures;
  stats.queued = parts_->queue.size();
  stats.owed = parts_->counters.owed;
  stats.audit_head = parts_->counters.audit_head;
  stats.commit_seconds_total = static_cast<double>(parts_->counters.commit_ns) / 1e9;
  return stats;
}

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options) {
  if (auto fits = check(options); !fits) return tl::make_unexpected(fits.error());
  auto store = RecorderStore::open(options.folder);
  if (!store) return tl::make_unexpected(store.error());
  auto parts = std::make_unique<Parts>(std::move(options), std::move(*store));
  return std::unique_ptr<Recorder>(new Recorder(std::move(parts)));
}

}  // namespace estop::control
