// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/truth.h"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/holds.h"

namespace estop::sim {

using schemas::RecordKind;

namespace {

bool covers(const schemas::Scope& scope, std::string_view address, std::string_view instance) {
  const std::string& tokens = scope.tokens();
  if (scope.kind() == schemas::Scope::Kind::kFleet) return true;
  if (scope.kind() == schemas::Scope::Kind::kInstance) {
    return tokens.size() == address.size() + 1 + instance.size() && tokens.starts_with(address) &&
           tokens.ends_with(instance) && tokens[address.size()] == '.';
  }
  return address.starts_with(tokens) &&
         (address.size() == tokens.size() || address[tokens.size()] == '.');
}

}  // namespace

bool Kill::covers(std::string_view address, std::string_view instance) const {
  return sim::covers(scope, address, instance);
}

void Truth::ordered(const std::string& op_id, const schemas::Scope& scope) {
  Kill& kill = kills_[op_id];
  kill.op_id = op_id;
  kill.scope = scope;
}

void Truth::published(const schemas::SignedRecord& signed_record, Nanos now, std::uint64_t stamp) {
  const schemas::Record& record = signed_record.record;
  published_[signed_record.hash] = {record.epoch, record.seq};
  if (record.kind() == RecordKind::kResume) resumes_[signed_record.hash].record = record;
  if (record.kind() != RecordKind::kKill) return;
  Kill& kill = kills_[record.op_id];
  const bool is_new = kill.records.insert(signed_record.hash).second;
  kill_of_[signed_record.hash] = record.op_id;
  if (kill.resumed) {
    if (!is_new) return;
    throw Violation{"I3",
                    fmt::format("control ordered {} once more, which was lifted", record.op_id)};
  }
  if (kill.known) return;
  kill.known = true;
  kill.since = now;
  kill.stamp = stamp;
}

void Truth::taken(const schemas::Hash& hash) {
  if (const auto at = published_.find(hash); at != published_.end()) in_stream_[at->second] = hash;
  const auto found = resumes_.find(hash);
  if (found == resumes_.end()) return;
  found->second.in_stream = true;
  settle(found->second);
}

void Truth::stored(const schemas::Hash& hash) {
  if (const auto kill = kill_of_.find(hash); kill != kill_of_.end()) {
    kills_.at(kill->second).durable = true;
  }
  const auto found = resumes_.find(hash);
  if (found == resumes_.end()) return;
  found->second.stored = true;
  settle(found->second);
}

// By place: every kill of its scope that has a record at or before it.
std::vector<std::string> Truth::lifted_by(const schemas::Record& resume) const {
  std::vector<std::string> op_ids = resume.resume().lifts;
  const Place last{resume.resume().through.place.epoch, resume.resume().through.place.seq};
  if (last.second == 0) return op_ids;
  for (auto at = in_stream_.begin(); at != in_stream_.upper_bound(last); ++at) {
    const auto kill = kill_of_.find(at->second);
    if (kill == kill_of_.end()) continue;
    const Kill& one = kills_.at(kill->second);
    if (one.scope == resume.scope() && !one.resumed) op_ids.push_back(one.op_id);
  }
  return op_ids;
}

schemas::Through Truth::through(const schemas::Scope& scope) const {
  if (in_stream_.empty()) return {};
  const auto& [last, hash] = *in_stream_.rbegin();
  std::vector<schemas::Hold> kills;
  for (const auto& [place, of] : in_stream_) {
    const auto kill = kill_of_.find(of);
    if (kill == kill_of_.end() || kills_.at(kill->second).resumed) continue;
    if (kills_.at(kill->second).scope != scope) continue;
    std::erase_if(kills, [&](const auto& one) { return one.latch.op_id == kill->second; });
    kills.push_back({{.op_id = kill->second, .seq = place.second}, place.first});
  }
  std::vector<const schemas::Hold*> stand;
  for (const schemas::Hold& kill : kills) stand.push_back(&kill);
  return schemas::through({last.first, last.second, hash}, std::move(stand));
}

// A bridge that does not remember what was lifted obeys it once more: control ends that.
bool Truth::ends_late(const schemas::Record& record) const {
  const bool is_own =
      record.is<schemas::Resume>() && record.actor.kind == schemas::ActorKind::kControl;
  if (!is_own || record.resume().lifts.size() != 1) return false;
  const auto kill = kills_.find(record.resume().lifts.front());
  return kill != kills_.end() && kill->second.resumed && kill->second.scope == record.scope();
}

void Truth::settle(Resume& resume) {
  if (!resume.holds() || ends_late(resume.record)) return;
  for (const std::string& op_id : lifted_by(resume.record)) {
    Kill* kill = find(op_id);
    const bool fits = kill != nullptr && kill->scope == resume.record.scope() &&
                      (!kill->resumed || kill->incarnation == resume.record.resume().incarnation);
    if (!fits) {
      throw Violation{"I3",
                      fmt::format("{} lifts {}, which does not hold", resume.record.op_id, op_id)};
    }
    kill->resumed = true;
    kill->incarnation = resume.record.resume().incarnation;
  }
}

std::size_t Truth::control_knows_only(const std::set<schemas::Hash>& held,
                                      const std::set<std::string>& published_itself) {
  std::size_t lost = 0;
  for (auto& [op_id, kill] : kills_) {
    const bool bound = kill.known || kill.fenced;
    if (!bound || kill.resumed || published_itself.contains(op_id)) continue;
    const bool is_held = std::any_of(kill.records.begin(), kill.records.end(),
                                     [&](const auto& hash) { return held.contains(hash); });
    if (is_held) continue;
    if (kill.durable) throw Violation{"kept", op_id + " was durable and is lost"};
    kill.known = false;
    kill.fenced = false;
    ++lost;
  }
  return lost;
}

Kill* Truth::find(const std::string& op_id) {
  const auto found = kills_.find(op_id);
  return found == kills_.end() ? nullptr : &found->second;
}

const Resume* Truth::resume(const std::string& op_id) const {
  for (const auto& [hash, resume] : resumes_) {
    if (resume.record.op_id == op_id && resume.holds()) return &resume;
  }
  return nullptr;
}

std::vector<Kill*> Truth::covering(std::string_view address, std::string_view instance) {
  std::vector<Kill*> found;
  for (auto& [op_id, kill] : kills_) {
    if (kill.covers(address, instance)) found.push_back(&kill);
  }
  return found;
}

std::uint64_t Truth::incarnation(std::string_view address, std::string_view instance) const {
  std::uint64_t newest = 0;
  for (const auto& [hash, resume] : resumes_) {
    if (!resume.holds() || !covers(resume.record.scope(), address, instance)) continue;
    newest = std::max(newest, resume.record.resume().incarnation);
  }
  return newest;
}

}  // namespace estop::sim
