// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/recorder.h"

#include <memory>
#include <utility>

namespace estop::sim {

using schemas::Errc;
using schemas::StoreOp;
using schemas::StoreReply;

namespace {

constexpr Nanos kHopMost = 200 * kUs;
constexpr Nanos kDebtEvery = 200 * kMs;

}  // namespace

Recorder::Recorder(Process& process, Disk& disk, Handler handler)
    : process_(process), disk_(disk), handler_(std::move(handler)) {
  pay_debts();
}

void Recorder::post(control::Event event) {
  process_.after(process_.ground().random.between(0, kHopMost),
                 [this, event = std::move(event)] { handler_(event); });
}

void Recorder::add(std::deque<Work>& lane, Work work) {
  lane.push_back(std::move(work));
  if (!committing_) begin_commit();
}

void Recorder::begin_commit() {
  std::vector<Work> works;
  const bool urgent = !alone_.empty();
  auto& lane = urgent ? alone_ : group_;
  while (!lane.empty() && (!urgent || works.empty())) {
    works.push_back(std::move(lane.front()));
    lane.pop_front();
  }
  committing_ = !works.empty();
  if (!committing_) return;
  Ground& ground = process_.ground();
  process_.after(ground.random.between(100 * kUs, ground.weather.commit_most),
                 [this, urgent, works = std::move(works)] { commit(works, urgent); });
}

// A crash before or after, never in between: a transaction is whole or not there.
void Recorder::commit(std::vector<Work> works, bool urgent) {
  process_.at_risk();
  healthy_ = !disk_.full;
  if (urgent && healthy_) pay_owed();  // in the order of the log
  for (Work& work : works) {
    if (healthy_) {
      work.write();
    } else if (urgent) {
      owed_.push_back(work);
    } else {
      disk_.lost_lines += work.audit_lines;
    }
  }
  process_.at_risk();
  for (const Work& work : works) work.answer(healthy_);
  begin_commit();
}

void Recorder::pay_owed() {
  for (; !owed_.empty(); owed_.pop_front()) {
    owed_.front().write();
    process_.at_risk();
  }
}

void Recorder::pay_debts() {
  process_.after(kDebtEvery, [this] {
    if (!disk_.full) {
      pay_owed();
      if (std::exchange(disk_.lost_lines, 0) != 0)
        disk_.audit.push_back({"gap", "recorder", "", "", "{}", 0});
      healthy_ = true;
    }
    pay_debts();
  });
}

// --- What control asks for, as control/app/recorder_desk.cc asks the real one ---

void Recorder::perform(const control::StoreRecord& effect) {
  const std::uint64_t seq = effect.record.record.seq;
  const auto outcome = std::make_shared<control::RecordStored>(control::RecordStored{seq, {}, 0});
  const auto write = [this, effect, outcome] {
    const auto known = disk_.records.find(effect.record.record.seq);
    if (known != disk_.records.end() && known->second.hash != effect.record.hash) {
      outcome->result = schemas::fail(Errc::kChainBroken, "another record is stored there");
    }
    if (known != disk_.records.end()) return;
    disk_.records.emplace(effect.record.record.seq, effect.record);
    if (effect.audit) disk_.audit.push_back(*effect.audit);
    outcome->audit_number = effect.audit ? disk_.audit.size() : 0;
    disk_.committed(effect.record);
  };
  const auto answer = [this, outcome](bool done) {
    if (!done) outcome->result = schemas::fail(Errc::kStoreUnavailable, "the disk is full");
    post(*outcome);
  };
  add(alone_, {write, answer});
}

void Recorder::perform(const control::WriteAudit& effect) {
  add(group_, {[this, effect] { disk_.audit.push_back(effect.entry); }, [](bool) {}, 1});
}

void Recorder::perform(const control::PutAgent& effect) {
  const std::string name = effect.agent.address.text() + "@" + effect.agent.instance.text();
  add(group_, {[this, name, effect] { disk_.agents[name] = effect.agent; }, [](bool) {}});
}

std::vector<schemas::CheckpointInfo> Recorder::checkpoints_of(
    const schemas::Address& address) const {
  std::vector<schemas::CheckpointInfo> found;
  for (const auto& [key, one] : disk_.checkpoints) {
    if (key.first == address.tokens()) found.push_back({key.second, one.version, one.bytes.size()});
  }
  return found;
}

void Recorder::perform(const control::ListCheckpoints& effect) {
  add(group_, {[] {},
               [this, effect](bool) {
                 post(control::CheckpointsListed{effect.address, effect.instance, effect.reply,
                                                 checkpoints_of(effect.address)});
               }});
}

StoreReply Recorder::store(const control::Store& asked) {
  StoreReply reply;
  const auto place = std::pair(asked.address.tokens(), asked.request.key);
  const auto known = disk_.checkpoints.find(place);
  reply.version = known == disk_.checkpoints.end() ? 0 : known->second.version;
  if (asked.request.op == StoreOp::kGet && reply.version != 0) {
    reply.bytes = known->second.bytes;
  } else if (asked.request.op != StoreOp::kPut) {
    reply.code = Errc::kNotFound;
  } else if (reply.version != asked.request.expected_version) {
    reply.code = Errc::kVersionConflict;
  } else {
    disk_.checkpoints[place] = {++reply.version, asked.request.bytes};
  }
  return reply;
}

void Recorder::perform(const control::Store& effect) {
  const auto reply = std::make_shared<StoreReply>();
  const auto answer = [this, effect, reply](bool done) {
    if (!done) reply->code = Errc::kStoreUnavailable;
    post(control::StoreAnswered{effect.address, effect.instance, effect.request.op,
                                effect.request.key, effect.reply, *reply});
  };
  add(group_, {[this, effect, reply] { *reply = store(effect); }, answer});
}

}  // namespace estop::sim
