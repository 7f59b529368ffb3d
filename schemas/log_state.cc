// SPDX-License-Identifier: Apache-2.0
#include "schemas/log_state.h"

#include <algorithm>
#include <set>

#include "schemas/codec.h"

namespace estop::schemas {

namespace {

LogState::Place place_of(const Record& record) {
  return {record.epoch, record.seq};
}

bool is_through(const Head& place, const LogState::Place& kill) {
  return place.seq != 0 && kill <= LogState::Place(place.epoch, place.seq);
}

// Fills part after part. What an entry costs is counted generously: a part may end early, never
// late.
class Packer {
 public:
  void kill(const Bytes& frame) { room(frame.size()).kills.push_back(frame); }
  void life(const StateEntries::Life& life) {
    room(life.scope.text().size()).lives.push_back(life);
  }
  void joined(const BridgeJoined& bridge) {
    room(bridge.bridge.size() + bridge.process.size() + bridge.key.size()).joined.push_back(bridge);
  }
  std::vector<Bytes> end() {
    made_.push_back(encode(entries_));
    return std::move(made_);
  }

 private:
  static constexpr std::size_t kOverhead_bytes = 32;  // of an entry, and of the lists around them

  StateEntries& room(std::size_t bytes) {
    bytes += kOverhead_bytes;
    if (used_ + bytes > kSnapshotPartMax_bytes) {
      made_.push_back(encode(std::exchange(entries_, {})));
      used_ = kOverhead_bytes;
    }
    used_ += bytes;
    return entries_;
  }

  StateEntries entries_;
  std::size_t used_ = kOverhead_bytes;
  std::vector<Bytes> made_;
};

}  // namespace

void LogState::apply(const SignedRecord& record) {
  if (record.record.is<Kill>()) return hold(record);
  if (const auto* resume = std::get_if<Resume>(&record.record.body)) return lift(*resume);
  if (const auto* bridge = std::get_if<BridgeJoined>(&record.record.body)) {
    joined_.insert_or_assign({bridge->bridge, bridge->process}, *bridge);
  } else if (const auto* left = std::get_if<BridgeLeft>(&record.record.body)) {
    joined_.erase({left->bridge, left->process});
  }
}

// One that is written once more stands at its newest place.
void LogState::hold(const SignedRecord& kill) {
  Kills& of_scope = kills_[kill.record.scope().text()];
  std::erase_if(of_scope,
                [&](const auto& held) { return held.second.record.op_id == kill.record.op_id; });
  of_scope.emplace(place_of(kill.record), kill);
}

void LogState::lift(const Resume& resume) {
  const std::string scope = resume.scope.text();
  auto& life = lives_[scope];
  life = std::max(life, resume.incarnation);
  const auto found = kills_.find(scope);
  if (found == kills_.end()) return;
  Kills& held = found->second;
  std::set<std::string> given;  // under these the same kills may stand once more
  std::erase_if(held, [&](const auto& one) {
    const Record& kill = one.second.record;
    const bool is_meant = is_through(resume.through.place, one.first) ||
                          std::count(resume.lifts.begin(), resume.lifts.end(), kill.op_id) != 0;
    if (is_meant) given.insert(kill.kill().given_as);
    return is_meant;
  });
  std::erase_if(held, [&](const auto& one) { return given.contains(one.second.record.op_id); });
  if (held.empty()) kills_.erase(found);
}

std::size_t LogState::size() const {
  std::size_t all = 0;
  for (const auto& [scope, of_scope] : kills_) all += of_scope.size();
  return all;
}

std::vector<Bytes> LogState::parts() const {
  Packer packer;
  for (const auto& [scope, of_scope] : kills_) {
    for (const auto& [place, kill] : of_scope) packer.kill(kill.frame);
  }
  for (const auto& [scope, incarnation] : lives_) {
    packer.life({*Scope::parse(scope), incarnation});
  }
  for (const auto& [name, bridge] : joined_) packer.joined(bridge);
  return packer.end();
}

Result<LogState> LogState::from(const std::vector<Bytes>& parts) {
  LogState state;
  for (const Bytes& part : parts) {
    const auto entries = decode<StateEntries>(part);
    if (!entries) return passed_on(entries);
    for (const Bytes& frame : entries->kills) {
      const auto kill = open_record(frame);
      if (!kill) return passed_on(kill);
      if (!kill->record.is<Kill>()) return fail(Errc::kMalformed, "a state holds what is no kill");
      state.hold(*kill);
    }
    for (const auto& life : entries->lives) state.lives_[life.scope.text()] = life.incarnation;
    for (const BridgeJoined& bridge : entries->joined) {
      state.joined_.insert_or_assign({bridge.bridge, bridge.process}, bridge);
    }
  }
  return state;
}

Hash digest_of_parts(const std::vector<Bytes>& parts) {
  std::string all;
  for (const Bytes& part : parts) all += part;
  return sha256(all);
}

}  // namespace estop::schemas
