// SPDX-License-Identifier: Apache-2.0
#include "control/recorder/effect_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace estop::control {

using schemas::EffectState;
using schemas::Errc;
using schemas::StoreReply;

namespace {

constexpr std::uint64_t kDay_ms = 24ULL * 3'600 * 1'000;
constexpr std::uint64_t kEffectsForgottenAtOnce = 1'024;  // a bounded time within one transaction
constexpr std::uint64_t kLookAgain_ms = 60'000;           // for what has become old enough
constexpr std::size_t kCountedMax = 16'384;               // addresses

StoreReply reply_of(EffectState before, Errc code = Errc::kOk, std::string detail = {}) {
  StoreReply reply;
  reply.code = code;
  reply.detail = std::move(detail);
  reply.effect = before;
  return reply;
}

}  // namespace

EffectTable::EffectTable(SQLite::Database& connection)
    : find_(connection,
            "SELECT state, instance, incarnation, begun_at_ms, outcome FROM effects"
            " WHERE address = ? AND key = ?"),
      begin_(connection,
             "INSERT INTO effects (address, key, state, instance, incarnation, begun_at_ms)"
             " VALUES (?,?,1,?,?,?)"),
      finish_(connection,
              "UPDATE effects SET state = 2, finished_at_ms = ?, outcome = ?"
              " WHERE address = ? AND key = ?"),
      abandon_(connection, "DELETE FROM effects WHERE address = ? AND key = ?"),
      begun_(connection,
             "SELECT address, key, instance, begun_at_ms FROM effects"
             " WHERE state = 1 AND (?1 = '' OR address = ?1) ORDER BY begun_at_ms, key LIMIT ?2"),
      count_(connection, "SELECT count(*) FROM effects WHERE address = ?"),
      forget_(connection,
              "DELETE FROM effects WHERE rowid IN (SELECT rowid FROM effects"
              " WHERE address = ? AND state = 2 AND finished_at_ms < ? LIMIT ?)") {}

StoreReply EffectTable::begin(const Life& life, const std::string& key, std::uint64_t now_ms) {
  const Row row = find(life.address, key);
  switch (row.state) {
    case EffectState::kFinished: {
      StoreReply reply = reply_of(row.state);
      reply.bytes = row.outcome;
      return reply;
    }
    case EffectState::kBegun: {
      const bool repeated = row.instance == life.instance && row.incarnation == life.incarnation;
      return repeated ? reply_of(EffectState::kNone) : ambiguous(row);
    }
    case EffectState::kNone:
      break;
  }
  if (!make_room(life.address, now_ms)) {
    return reply_of(EffectState::kNone, Errc::kOverLimit,
                    fmt::format("{} has {} effects already, none of them finished {} days ago",
                                life.address, kEffectKeysMax, kEffectsKept_ms / kDay_ms));
  }
  ++keys_of(life.address).count;
  StatementUse(begin_)
      .bind_text(life.address)
      .bind_text(key)
      .bind_text(life.instance)
      .bind(life.incarnation)
      .bind(now_ms)
      .run();
  return reply_of(EffectState::kNone);
}

StoreReply EffectTable::finish(const Life& life, const std::string& key,
                               const schemas::Bytes& outcome, std::uint64_t now_ms) {
  if (outcome.size() > kOutcomeMax_bytes) {
    return reply_of(
        EffectState::kNone, Errc::kTooLarge,
        fmt::format("the outcome has {} bytes, {} are allowed", outcome.size(), kOutcomeMax_bytes));
  }
  const Row row = find(life.address, key);
  if (row.state == EffectState::kNone) {
    return reply_of(row.state, Errc::kNotFound, "this effect was never begun");
  }
  if (row.state == EffectState::kBegun) {
    StatementUse(finish_)
        .bind(now_ms)
        .bind_blob(outcome)
        .bind_text(life.address)
        .bind_text(key)
        .run();
  }
  StoreReply reply = reply_of(row.state);
  reply.bytes = row.outcome;
  return reply;
}

StoreReply EffectTable::abandon(const Life& life, const std::string& key) {
  const Row row = find(life.address, key);
  switch (row.state) {
    case EffectState::kNone:
      return reply_of(row.state);
    case EffectState::kFinished:
      return reply_of(row.state, Errc::kNotFound, "this effect is finished already");
    case EffectState::kBegun:
      break;
  }
  if (row.instance != life.instance || row.incarnation > life.incarnation) return ambiguous(row);
  Keys& keys = keys_of(life.address);
  StatementUse(abandon_).bind_text(life.address).bind_text(key).run();
  --keys.count;
  return reply_of(row.state);
}

EffectTable::Keys& EffectTable::keys_of(const std::string& address) {
  if (const auto found = keys_.find(address); found != keys_.end()) return found->second;
  if (keys_.size() >= kCountedMax) keys_.clear();
  StatementUse use(count_);
  const std::uint64_t count = use.bind_text(address).step() ? use.number(0) : 0;
  return keys_[address] = {count, 0};
}

bool EffectTable::make_room(const std::string& address, std::uint64_t now_ms) {
  const Keys& keys = keys_of(address);
  if (keys.count < kEffectKeysMax) return true;
  if (now_ms < keys.no_room_until_ms) return false;
  const std::uint64_t before_ms = now_ms - std::min(now_ms, kEffectsKept_ms);
  StatementUse(forget_).bind_text(address).bind(before_ms).bind(kEffectsForgottenAtOnce).run();
  keys_.erase(address);
  Keys& left = keys_of(address);
  if (left.count < kEffectKeysMax) return true;
  left.no_room_until_ms = now_ms + kLookAgain_ms;
  return false;
}

std::vector<AmbiguousEffect> EffectTable::begun(const std::string& address) {
  StatementUse use(begun_);
  use.bind_text(address).bind(kEffectsListMax);
  std::vector<AmbiguousEffect> found;
  while (use.step()) {
    AmbiguousEffect effect;
    effect.address = schemas::Address::parse(use.bytes(0)).value_or(schemas::Address());
    effect.key = use.bytes(1);
    effect.instance = use.bytes(2);
    effect.begun_at_ms = use.number(3);
    found.push_back(std::move(effect));
  }
  return found;
}

EffectTable::Row EffectTable::find(const std::string& address, const std::string& key) {
  StatementUse use(find_);
  if (!use.bind_text(address).bind_text(key).step()) return {};
  const EffectState state = use.number(0) == 2 ? EffectState::kFinished : EffectState::kBegun;
  return {state, use.bytes(1), use.number(2), use.number(3), use.bytes(4)};
}

StoreReply EffectTable::ambiguous(const Row& row) {
  return reply_of(EffectState::kBegun, Errc::kEffectAmbiguous,
                  fmt::format("begun by instance {} in incarnation {} and not finished: a person "
                              "must decide whether it was carried out",
                              row.instance, row.incarnation));
}

}  // namespace estop::control
