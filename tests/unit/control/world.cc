// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/world.h"

#include <algorithm>
#include <utility>

#include "control/json/commands.h"
#include "control/json/replies.h"
#include "control/recorder/audit_cut.h"
#include "tests/support/operator_creds.h"

namespace estop::control {

using schemas::Errc;

schemas::SigningKey log_key() {
  std::array<std::uint8_t, 32> seed{};
  seed.fill(7);
  return schemas::SigningKey::from_bytes(schemas::KeyRole::kAccount, seed);
}
schemas::Address address_of(const std::string& text) {
  return schemas::Address::parse(text).value();
}
schemas::Instance instance_of(const std::string& text) {
  return schemas::Instance::parse(text).value();
}

World::World() {
  start();
}

void World::start() {
  events_.clear();
  CoreOptions options;
  options.roster.start_us = now.boot_us;
  options.version = "test";
  options.process = "control1";
  options.operators_key = testing::account_key().public_key();
  options.takes_unsigned = takes_unsigned;
  options.silent_max = silent_max;
  options.ended_ops_max = ended_ops_max;
  options.snapshot_every = snapshot_every;
  options.second_for_resume = options.second_for_fleet_kill = second_operator;
  core = std::make_unique<ControlCore>(options, log_key());
  std::sort(stored.begin(), stored.end(),
            [](const auto& a, const auto& b) { return a.record.seq < b.record.seq; });
  settle(core->start(kept_log(), agents, "fresh", now));
}

// As the recorder's: from the newest snapshot on.
StoredLog World::kept_log() const {
  StoredLog log;
  std::uint64_t first = 1;
  for (const auto& one : stored) {
    const auto* snapshot = std::get_if<schemas::Snapshot>(&one.record.body);
    if (snapshot != nullptr) first = snapshot->place.seq + 1;
  }
  for (const auto& one : stored) {
    const bool is_order = one.record.is<schemas::Kill>() || one.record.is<schemas::Resume>();
    if (one.record.seq >= first) {
      log.records.push_back(one);
    } else if (is_order) {
      log.older_ops.push_back(one.record.op_id);
    }
  }
  return log;
}

void World::pass(std::uint64_t ms) {
  for (std::uint64_t passed = 0; passed < ms; passed += kTick_ms) {
    now.boot_us += kTick_ms * 1'000;
    now.wall_ms += kTick_ms;
    send(Tick{recorder_up, hears_agents});
  }
}

void World::send(const Event& event) {
  settle(core->handle(event, now));
}

void World::settle(Effects effects) {
  for (;;) {
    for (const Effect& effect : effects) {
      const auto each = [&](const auto& wanted) { perform(wanted); };
      std::visit([&](const auto& port) { std::visit(each, port); }, effect);
    }
    if (events_.empty()) return;
    const Event event = std::move(events_.front());
    events_.pop_front();
    effects = core->handle(event, now);
  }
}

// --- Operators ---

Asker World::next_inbox() {
  return Asker("r" + std::to_string(++inboxes_));
}

std::string World::ask(const std::string& verb, const Json& request, const std::string& actor) {
  const Asker asker = next_inbox();
  const std::string text = request.is_string() ? request.get<std::string>() : request.dump();
  CommandReceived command =
      command_of(actor, verb, text, "fresh-" + std::to_string(inboxes_), asker);
  command.reach = reach;
  send(command);
  return asker.token();
}

std::string World::kill(const std::string& scope, const std::string& op_id, Json more) {
  more.update({{"scope", scope}, {"reason", "broken link"}, {"op_id", op_id}});
  return ask("kill", more);
}

std::string World::ask_signed(const std::string& verb, const Json& request,
                              const std::string& creds, const std::string& actor) {
  return ask(verb,
             schemas::sign_command(schemas::Segment::parse(actor).value(),
                                   schemas::Segment::parse(verb).value(), request.dump(), creds)
                 .value(),
             actor);
}

schemas::SignedOrder World::order(const std::string& scope, const std::string& op_id,
                                  const std::string& actor) const {
  schemas::Record kill;
  kill.op_id = op_id;
  kill.kill().scope = schemas::Scope::parse(scope).value();
  kill.actor.name = actor;
  kill.reason = "broken link";
  kill.issued_at_ms = now.wall_ms;
  return schemas::sign_order(kill, testing::operator_creds("alice")).value();
}

void World::emergency(const schemas::SignedOrder& order, const std::string& actor) {
  send(EmergencyReceived{actor, reach, order});
}

std::string World::resume(const std::string& scope, const std::string& op_id, Json more) {
  more.update({{"scope", scope}, {"reason", "link is fixed"}, {"op_id", op_id}});
  return ask("resume", more);
}

std::vector<Json> World::answers(const std::string& inbox) const {
  const auto found = answers_.find(inbox);
  return found == answers_.end() ? std::vector<Json>{} : found->second;
}

Json World::stage(const std::string& inbox, const std::string& name) const {
  Json newest;
  for (const Json& answer : answers(inbox)) {
    if (answer.value("stage", "") == name) newest = answer;
  }
  return newest;
}

bool World::is_done(const std::string& inbox) const {
  const auto all = answers(inbox);
  return !all.empty() && all.back().value("done", false);
}

std::string World::error(const std::string& inbox) const {
  const auto all = answers(inbox);
  return all.empty() || !all.back().contains("error") ? "" : all.back()["error"]["name"];
}

// --- Bridges ---

void World::beat(const std::string& bridge, schemas::BridgeState state) {
  schemas::BridgeBeat beat;
  beat.bridge = bridge;
  beat.state = state;
  beat.applied = core->ledger().head();
  World::beat(std::move(beat));
}

void World::shows(const std::string& bridge, const schemas::Bytes& held) {
  schemas::BridgeBeat holding;
  holding.bridge = bridge;
  holding.state = schemas::BridgeState::kOpen;
  holding.applied = core->ledger().head();
  holding.held = {held};
  beat(std::move(holding));
}

void World::beat(schemas::BridgeBeat beat) {
  if (beat.process.empty()) beat.process = process;
  beat.nonce = ++nonces_;
  const std::string id = beat.bridge;
  send(BridgeBeatReceived{id, std::move(beat)});
}

void World::open(const std::string& bridge) {
  beat(bridge, schemas::BridgeState::kJoining);
  beat(bridge, schemas::BridgeState::kOpen);
}

void World::receipt(const std::string& bridge, const std::string& op_id, schemas::RecordKind kind,
                    std::uint64_t forwarded) {
  schemas::BridgeReceipt receipt;
  receipt.bridge = bridge;
  receipt.process = process;
  receipt.op_id = op_id;
  receipt.kind = kind;
  receipt.forwarded_before = forwarded;
  send(BridgeReceiptReceived{bridge, receipt, "signed bytes"});
}

bool World::was_granted(const std::string& bridge) const {
  const schemas::Grant wanted{bridge, process, nonces_};
  return std::any_of(leases.begin(), leases.end(), [&](const schemas::LeaseFrame& lease) {
    return std::find(lease.grants.begin(), lease.grants.end(), wanted) != lease.grants.end();
  });
}

// --- Agents ---

schemas::HelloReply World::hello(const std::string& address, const std::string& instance) {
  agent_reply_.clear();
  HelloReceived hello;
  hello.address = address_of(address);
  hello.instance = instance_of(instance);
  hello.hello.process = process;
  hello.asker = next_inbox();
  send(hello);
  return schemas::decode<schemas::HelloReply>(agent_reply_).value();
}

void World::goodbye(const std::string& address, const std::string& instance) {
  HelloReceived hello;
  hello.address = address_of(address);
  hello.instance = instance_of(instance);
  hello.hello.process = process;
  hello.hello.goodbye = true;
  send(hello);
}

schemas::BeatReply World::agent_beat(const std::string& address, const std::string& instance,
                                     std::uint64_t incarnation) {
  agent_reply_.clear();
  schemas::Beat beat;
  beat.process = process;
  beat.incarnation = incarnation;
  send(BeatReceived{address_of(address), instance_of(instance), beat, next_inbox()});
  return schemas::decode<schemas::BeatReply>(agent_reply_).value();
}

void World::stopped(const std::string& address, const std::string& instance,
                    const std::string& op_id, bool overdue) {
  schemas::StoppedReceipt receipt;
  receipt.process = process;
  receipt.op_id = op_id;
  const OpState* known = core->ledger().find(op_id);
  if (known != nullptr) receipt.seq = known->seq;
  receipt.grace_exceeded = overdue;
  send(StoppedReceived{address_of(address), instance_of(instance), receipt, "signed bytes"});
}

schemas::StoreReply World::store(const std::string& address, schemas::StoreOp op,
                                 std::uint64_t incarnation) {
  agent_reply_.clear();
  schemas::StoreRequest request;
  request.op = op;
  request.key = "cursor";
  request.incarnation = incarnation;
  send(StoreRequested{address_of(address), instance_of("aaaaaaa1"), request, next_inbox()});
  return schemas::decode<schemas::StoreReply>(agent_reply_).value();
}

// --- What the neighbours saw ---

const schemas::Record* World::committed(const std::string& op_id) const {
  for (const auto& record : stream) {
    if (record.record.op_id == op_id) return &record.record;
  }
  return nullptr;
}

std::size_t World::count_committed(const std::string& op_id) const {
  return static_cast<std::size_t>(std::count_if(
      stream.begin(), stream.end(), [&](const auto& r) { return r.record.op_id == op_id; }));
}

std::size_t World::audited(const std::string& kind) const {
  return static_cast<std::size_t>(std::count_if(
      audit.begin(), audit.end(), [&](const AuditEntry& entry) { return entry.kind == kind; }));
}

bool World::alarmed(const std::string& kind) const {
  return std::find(alarms_.begin(), alarms_.end(), kind) != alarms_.end();
}

// --- The neighbours ---

void World::perform(const PublishRecord& effect) {
  performed.emplace_back("log");
  live.push_back(effect.frame);
  if (effect.seq == 0) return;
  AppendAnswered answer{effect.seq, {}};
  if (!stream_up) {
    answer.result = schemas::fail(Errc::kStoreUnavailable, "the stream is down");
  } else if (effect.seq != stream.size() + 1) {
    answer.result = schemas::fail(Errc::kLogConflict, "wrong last sequence");
  } else {
    stream.push_back(schemas::open_record(effect.frame).value());
  }
  if (!stream_answers) answer.result = schemas::fail(Errc::kTimeout, "no answer");
  events_.emplace_back(std::move(answer));
}

void World::perform(const ReadStream& effect) {
  if (!stream_up) {
    events_.emplace_back(StreamRead{schemas::fail(Errc::kStoreUnavailable, "the stream is down")});
    return;
  }
  if (stream.size() < stream_first && stream.size() + 1 < effect.begins) {
    stream.resize(effect.begins - 1);
    stream_first = effect.begins;
  }
  const bool is_empty = stream.size() < stream_first;
  StreamTail tail{is_empty ? 0U : stream_first, is_empty ? 0U : stream.size(), {}};
  const std::size_t from =
      std::max(std::min<std::size_t>(effect.from_seq, std::max<std::size_t>(stream.size(), 1)),
               stream_first);
  for (std::size_t i = from - 1; i < stream.size(); ++i) tail.records.push_back(stream[i]);
  StreamRead read{std::move(tail)};
  if (stream_slow) {
    slow_read = std::move(read);
  } else {
    events_.emplace_back(std::move(read));
  }
}

void World::perform(const PurgeStream& effect) {
  performed.emplace_back("purge");
  StreamPurged answer{effect.before_seq, {}};
  if (stream_purges) stream_first = std::max(stream_first, effect.before_seq);
  if (stream_purges && stream.size() + 1 < effect.before_seq) stream.resize(effect.before_seq - 1);
  if (!stream_purges) answer.result = schemas::fail(Errc::kStoreUnavailable, "not permitted");
  events_.emplace_back(std::move(answer));
}

void World::perform(const StoreRecord& effect) {
  RecordStored answer{effect.record.record.seq, {}, 0};
  const auto same = std::find_if(stored.begin(), stored.end(), [&](const auto& record) {
    return record.record.seq == effect.record.record.seq;
  });
  if (!recorder_up) {
    answer.result = schemas::fail(Errc::kStoreUnavailable, "the disk is full");
  } else if (same != stored.end()) {
    if (same->hash != effect.record.hash) answer.result = schemas::fail(Errc::kChainBroken, "");
  } else {
    stored.push_back(effect.record);
    if (effect.audit) tell_tail(*effect.audit);
    answer.audit_number = audit.size();
  }
  events_.emplace_back(std::move(answer));
}

void World::perform(const PublishToAgents& effect) {
  performed.emplace_back("agents");
  to_agents.push_back(effect.frame);
}
void World::perform(const Flush&) {
  performed.emplace_back("flush");
}
void World::perform(const PublishLease& effect) {
  leases.push_back(schemas::open_lease(effect.frame, log_key().public_key()).value());
}
void World::perform(const WriteAudit& effect) {
  tell_tail(effect.line);
}
void World::tell_tail(const AuditLine& line) {
  audit.push_back(entry_of(line));
  if (recorder_up) {
    events_.emplace_back(AuditWritten{{AuditRow{audit.size(), audit.back(), {}, {}}}});
  } else {
    events_.emplace_back(AuditUnwritten{line});
  }
}
void World::perform(const Answer& effect) {
  performed.emplace_back("answer");
  answers_[effect.asker.token()].push_back(Json::parse(to_json(effect.reply)));
}
void World::perform(const ReplyToAgent& effect) {
  agent_reply_ = std::visit([](const auto& reply) { return schemas::encode(reply); }, effect.reply);
  agent_replies.push_back(agent_reply_);
}
void World::perform(const ListCheckpoints& effect) {
  events_.emplace_back(CheckpointsListed{effect.address, effect.instance, effect.asker, {}});
}
void World::perform(const PutAgent& effect) {
  agents.push_back(effect.agent);
}
void World::perform(const Store& effect) {
  events_.emplace_back(StoreAnswered{
      effect.address, effect.instance, effect.request.op, effect.request.key, effect.asker, {}});
}
void World::perform(const QueryAudit& effect) {
  events_.emplace_back(AuditListed{effect.asker, std::vector<AuditRow>{}, effect.query});
}
void World::perform(const VerifyAudit& effect) {
  events_.emplace_back(AuditVerified{effect.asker, AuditVerdict{true, audit.size(), 0, {}}});
}
void World::perform(const FindOrder& effect) {
  ++lookups;
  if (!recorder_reads) return;
  std::optional<FoundOrder> found;
  for (const schemas::SignedRecord& one : stored) {
    if (one.record.op_id == effect.op_id) found = FoundOrder{one};
    const auto* resume = std::get_if<schemas::Resume>(&one.record.body);
    const bool is_kill = found && found->record.record.is<schemas::Kill>();
    if (!is_kill || resume == nullptr) continue;
    const schemas::Record& kill = found->record.record;
    const bool is_lifted = schemas::lifts(*resume, {schemas::latch_of(kill), kill.epoch});
    if (is_lifted && found->lifted_by.empty()) found->lifted_by = one.record.op_id;
  }
  for (std::size_t at = begins.through; found && at < audit.size(); ++at) {
    const bool is_its = audit[at].op_id == effect.op_id && audit[at].kind != "signed";
    if (is_its && found->audit_number == 0) found->audit_number = at + 1;
  }
  events_.emplace_back(OrderFound{effect.lookup, effect.op_id, std::move(found)});
}
void World::perform(const FindBeginning&) {
  events_.emplace_back(AuditBegins{begins});
}
void World::perform(const CutAway& effect) {
  const std::uint64_t head = audit.size();
  auto cut = decide_cut(effect.request, begins, head, effect.request.hash);
  if (cut && cut->number == 0) {
    cut->number = head + 1;
    audit.push_back(cut_line(*cut));
    events_.emplace_back(AuditWritten{{AuditRow{audit.size(), audit.back(), {}, {}}}});
  }
  if (cut) begins = *cut;
  events_.emplace_back(AuditCutAway{effect.asker, effect.request, std::move(cut)});
}
void World::perform(const ReadDetails& effect) {
  events_.emplace_back(DetailsRead{effect.asker, effect.address, {}, {}});
}
void World::perform(const CheckBridgeReceipt& effect) {
  events_.emplace_back(BridgeReceiptChecked{effect.bridge, effect.receipt, signatures_good});
}
void World::perform(const CheckStopped& effect) {
  events_.emplace_back(
      StoppedChecked{effect.address, effect.instance, effect.receipt, signatures_good});
}
void World::perform(const WriteSoon& effect) {
  (effect.in_us == 0 ? due_now : due).push_back(effect.op_id);
}

void World::perform(const CheckOrder& effect) {
  events_.push_back(OrderChecked{
      effect.order, schemas::verify_order(effect.order, testing::account_key().public_key(),
                                          schemas::Subjects::standard())});
}

void World::perform(const PublishEvent& effect) {
  const auto* row = std::get_if<AuditRow>(&effect.line);
  if (row != nullptr) feed.push_back({effect.kind.text(), row->entry, row->number});
  if (row == nullptr)
    feed.push_back({effect.kind.text(), entry_of(std::get<AuditLine>(effect.line))});
  performed.emplace_back("event");
}
void World::perform(const OrderTimed&) {}
void World::perform(const RevokeCredentials& effect) {
  withdrawals.push_back(effect.withdrawal);
  CredentialsRevoked revoked{effect.withdrawal, std::size_t{1}};
  if (!broker_revokes) revoked.count = schemas::fail(not_revoked, "no SYS");
  events_.push_back(std::move(revoked));
}
void World::perform(const LiftBar& effect) {
  lifted.push_back(effect.scope.text());
}
void World::perform(const Alarm& effect) {
  alarms_.push_back(effect.kind);
}
void World::perform(const Stop& effect) {
  stops.push_back(effect.reason);
}

}  // namespace estop::control
