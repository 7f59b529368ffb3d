// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/recorder.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>

#include "schemas/holds.h"
#include "tests/sim/process.h"

namespace estop::control {

using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::StoreOp;
using schemas::StoreReply;
using sim::Disk;
using sim::kMs;
using sim::kUs;
using sim::Nanos;

namespace {

constexpr Nanos kHopMost = 200 * kUs;
constexpr Nanos kDebtEvery = 200 * kMs;

StoreReply stored_on(Disk& disk, const schemas::Address& address,
                     const schemas::StoreRequest& request) {
  StoreReply reply;
  const auto place = std::pair(address.tokens(), request.key);
  const auto known = disk.checkpoints.find(place);
  reply.version = known == disk.checkpoints.end() ? 0 : known->second.version;
  if (request.op == StoreOp::kGet && reply.version != 0) {
    reply.bytes = known->second.bytes;
  } else if (request.op != StoreOp::kPut) {
    reply.code = Errc::kNotFound;
  } else if (reply.version != request.expected_version) {
    reply.code = Errc::kVersionConflict;
  } else {
    disk.checkpoints[place] = {++reply.version, request.bytes};
  }
  return reply;
}

}  // namespace

// Lives as long as one life of its process.
struct Recorder::Parts {
  struct Work {
    std::function<void()> write;
    std::function<void(bool done)> answer;
    std::uint64_t audit_lines = 0;
  };

  Parts(sim::Process& on, Disk& with) : process(on), disk(with) { pay_debts(); }

  void add(std::deque<Work>& lane, Work work) {
    process.at_risk();
    lane.push_back(std::move(work));
    if (!committing) begin_commit();
  }

  void begin_commit() {
    std::vector<Work> works;
    const bool urgent = !alone.empty();
    auto& lane = urgent ? alone : group;
    while (!lane.empty() && (!urgent || works.empty())) {
      works.push_back(std::move(lane.front()));
      lane.pop_front();
    }
    committing = !works.empty();
    if (!committing) return;
    sim::Ground& ground = process.ground();
    process.after(ground.random.between(100 * kUs, ground.weather.commit_most),
                  [this, urgent, works = std::move(works)] { commit(works, urgent); });
  }

  // A crash before or after, never in between: a transaction is whole or not there.
  void commit(const std::vector<Work>& works, bool urgent) {
    process.at_risk();
    healthy = !disk.full;
    if (urgent && healthy) pay_owed();  // in the order of the log
    for (const Work& work : works) {
      if (healthy) {
        work.write();
      } else if (urgent) {
        owed.push_back(work);
      } else {
        disk.lost_lines += work.audit_lines;
      }
    }
    process.at_risk();
    for (const Work& work : works) {
      process.after(process.ground().random.between(0, kHopMost),
                    [answer = work.answer, done = healthy] { answer(done); });
    }
    process.after(kHopMost, [this] { tell_tail(); });  // behind the answers
    begin_commit();
  }

  void tell_tail() {
    std::vector<AuditRow> rows;
    for (; told < disk.audit.size(); ++told) {
      AuditRow row;
      row.number = told + 1;
      row.entry = disk.audit[told];
      rows.push_back(std::move(row));
    }
    if (tail && !rows.empty()) tail(std::move(rows));
  }

  void pay_owed() {
    for (; !owed.empty(); owed.pop_front()) {
      owed.front().write();
      process.at_risk();
    }
  }

  void pay_debts() {
    process.after(kDebtEvery, [this] {
      if (!disk.full) {
        pay_owed();
        if (std::exchange(disk.lost_lines, 0) != 0)
          disk.audit.push_back({"gap", "recorder", "", "", "{}", 0});
        healthy = true;
      }
      pay_debts();
    });
  }

  sim::Process& process;
  Disk& disk;
  std::deque<Work> alone;  // a commit each
  std::deque<Work> group;  // one commit for all
  std::deque<Work> owed;   // could not be written, tried again without a further answer
  AuditTail tail;
  std::size_t told = disk.audit.size();  // rows of the audit
  bool committing = false;
  bool healthy = true;
};

Recorder::Recorder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Recorder::~Recorder() = default;

// On the disk of the process whose turn it is.
Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions /*options*/) {
  sim::Process& process = sim::Process::running();
  return std::unique_ptr<Recorder>(new Recorder(std::make_unique<Parts>(process, *process.disk())));
}

void Recorder::append_record(const schemas::SignedRecord& record, std::optional<AuditEntry> audit,
                             Urgency /*urgency*/, AuditDone done) {
  Disk& disk = parts_->disk;
  const auto outcome = std::make_shared<Result<std::uint64_t>>(0);
  const auto write = [&disk, record, audit = std::move(audit), outcome] {
    const auto known = disk.records.find(record.record.seq);
    if (known != disk.records.end() && known->second.hash != record.hash) {
      *outcome = fail(Errc::kChainBroken, "another record is stored there");
    }
    if (known != disk.records.end()) return;
    disk.records.emplace(record.record.seq, record);
    if (audit) disk.audit.push_back(*audit);
    if (audit) *outcome = disk.audit.size();
    disk.committed(record);
  };
  parts_->add(parts_->alone, {write, [outcome, done = std::move(done)](bool is_written) {
                                if (is_written) return done(*outcome);
                                done(fail(Errc::kStoreUnavailable, "the disk is full"));
                              }});
}

void Recorder::audit(AuditEntry entry, Urgency /*urgency*/, AuditDone done) {
  Disk& disk = parts_->disk;
  disk.audited(entry);
  const auto write = [&disk, entry = std::move(entry)] { disk.audit.push_back(entry); };
  parts_->add(parts_->group, {write,
                              [&disk, done = std::move(done)](bool is_written) {
                                if (is_written) return done(disk.audit.size());
                                done(fail(Errc::kStoreUnavailable, "the disk is full"));
                              },
                              1});
}

void Recorder::follow_audit(AuditTail tail) {
  parts_->tail = std::move(tail);
}

void Recorder::read_beginning(CutDone done) {
  parts_->add(parts_->group, {[] {}, [done = std::move(done)](bool) { done(AuditCut{}); }});
}

void Recorder::find_order(const std::string& op_id, OrderDone done) {
  const auto answer = [&disk = parts_->disk, op_id, done = std::move(done)](bool) {
    std::optional<FoundOrder> found;
    for (const auto& [seq, one] : disk.records) {
      if (one.record.op_id == op_id) found = FoundOrder{one};
      const auto* resume = std::get_if<schemas::Resume>(&one.record.body);
      const bool is_kill = found && found->record.record.is<schemas::Kill>();
      if (resume == nullptr || !is_kill || !found->lifted_by.empty()) continue;
      const schemas::Record& kill = found->record.record;
      const bool is_lifted = schemas::lifts(*resume, {schemas::latch_of(kill), kill.epoch});
      if (is_lifted) found->lifted_by = one.record.op_id;
    }
    done(std::move(found));
  };
  parts_->add(parts_->group, {[] {}, answer});
}

void Recorder::put_agent(const StoredAgent& agent) {
  const std::string name = agent.address.text() + "@" + agent.instance.text();
  parts_->add(parts_->group,
              {[&disk = parts_->disk, name, agent] { disk.agents[name] = agent; }, [](bool) {}});
}

void Recorder::list_checkpoints(const schemas::Address& address, Checkpoints done) {
  const auto answer = [&disk = parts_->disk, address, done = std::move(done)](bool) {
    std::vector<schemas::CheckpointInfo> found;
    for (const auto& [key, one] : disk.checkpoints) {
      if (key.first == address.tokens()) {
        found.push_back({key.second, one.version, one.bytes.size()});
      }
    }
    done(std::move(found));
  };
  parts_->add(parts_->group, {[] {}, answer});
}

void Recorder::store(const schemas::Address& address, const schemas::Instance& /*instance*/,
                     const schemas::StoreRequest& request, StoreDone done) {
  const auto reply = std::make_shared<StoreReply>();
  const auto write = [&disk = parts_->disk, address, request, reply] {
    *reply = stored_on(disk, address, request);
  };
  parts_->add(parts_->group, {write, [reply, done = std::move(done)](bool is_written) {
                                if (!is_written) reply->code = Errc::kStoreUnavailable;
                                done(*reply);
                              }});
}

Result<StoredLog> Recorder::load_log() {
  const auto& records = parts_->disk.records;
  auto first = records.begin();
  for (const auto& [seq, record] : records) {
    const auto* snapshot = std::get_if<schemas::Snapshot>(&record.record.body);
    if (snapshot == nullptr) continue;
    const auto part = records.find(snapshot->place.seq + 1);
    if (part == records.end()) continue;
    const auto there = std::distance(part, records.find(seq));
    if (static_cast<std::uint64_t>(there) == seq - part->first) first = part;
  }
  StoredLog log;
  for (auto at = records.begin(); at != records.end(); ++at) {
    const schemas::Record& record = at->second.record;
    const bool is_order = record.is<schemas::Kill>() || record.is<schemas::Resume>();
    if (first != records.end() && at->first >= first->first) {
      log.records.push_back(at->second);
    } else if (is_order) {
      log.older_ops.push_back(record.op_id);
    }
  }
  return log;
}

Result<std::vector<StoredAgent>> Recorder::load_agents() {
  std::vector<StoredAgent> agents;
  for (const auto& [name, agent] : parts_->disk.agents) agents.push_back(agent);
  return agents;
}

bool Recorder::healthy() const {
  return parts_->healthy;
}

RecorderStats Recorder::stats() const {
  RecorderStats stats;
  stats.queued = parts_->alone.size() + parts_->group.size();
  stats.owed = parts_->owed.size();
  stats.audit_head = parts_->disk.audit.size();
  return stats;
}

// --- Questions that nobody asks in a simulated world ---

void Recorder::list_audit(AuditQuery /*query*/, AuditRows done) {
  done(fail(Errc::kStoreUnavailable, "the simulated recorder keeps no chain"));
}
void Recorder::cut_audit(CutRequest /*request*/, CutDone done) {
  done(fail(Errc::kStoreUnavailable, "the simulated recorder keeps no chain"));
}
void Recorder::verify_audit(std::function<void(Result<AuditVerdict>)> done) {
  done(fail(Errc::kStoreUnavailable, "the simulated recorder keeps no chain"));
}
void Recorder::list_begun_effects(const schemas::Address& /*address*/, Effects done) {
  done(std::vector<AmbiguousEffect>{});
}

}  // namespace estop::control
