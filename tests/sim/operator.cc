// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/core/orders/op_table.h"
#include "control/json/commands.h"
#include "schemas/order.h"

namespace estop::sim {

using nats::MessageView;
using nlohmann::json;

namespace {

constexpr Nanos kAskAgain = 3 * kSecond;
constexpr Nanos kSecondThoughtMost = 500 * kMs;
constexpr std::size_t kOrdersMax = 200;

schemas::Segment own_name() {
  return *schemas::Segment::parse("alice");
}

}  // namespace

OperatorProcess::OperatorProcess(Ground& ground, Broker& broker, Observer& observer,
                                 OperatorSettings settings)
    : Process(ground, "operator"),
      loop_(*this, broker),
      observer_(observer),
      settings_(std::move(settings)) {}

OperatorProcess::~OperatorProcess() = default;

void OperatorProcess::begin() {
  nats::ConnectOptions options;
  options.creds_file = "operator-alice";
  const auto inbox = settings_.subjects.own_inbox(own_name());
  life_.reset(new Life{{loop_, options, inbox, {}}});
  life_->connection.subscribe(inbox, [this](const MessageView& message) {
    hear(std::string(message.subject.substr(message.subject.rfind('.') + 1)), message.data);
  });
  (void)life_->connection.connect();
  go_on();
}

void OperatorProcess::go_on() {
  after(ground().random.between(kMs, 2 * settings_.order_every), [this] {
    if (!rests_) order_something();
    go_on();
  });
}

void OperatorProcess::order_something() {
  Random& random = ground().random;
  if (sent_.size() >= kOrdersMax) return;
  if (settings_.is_careless && !sent_.empty() && random.below(4) == 0) return kill_by_used_op_id();
  const auto dice = random.below(12);
  if (dice == 0 && !sent_.empty()) return send(random.pick(sent_));  // H28, H31
  const auto killed = observer_.scopes_killed();
  const bool is_wordy = settings_.is_careless && random.below(4) == 0;
  if (is_wordy && !killed.empty()) return resume_at_length(random.pick(killed));
  if (dice < 6 && !killed.empty()) {
    lift_some(random.pick(killed));
  } else {
    kill_something();
  }
}

bool OperatorProcess::waits() const {
  return std::any_of(asked_.begin(), asked_.end(), [](const auto& entry) {
    return !entry.second.accepted && !entry.second.done;
  });
}

void OperatorProcess::kill_something() {
  kill(ground().random.pick(settings_.scopes));
}

// Of an order that is durable: control knows it for ever, and this kill gets an op id of its own.
void OperatorProcess::kill_by_used_op_id() {
  const Asked& other = asked_.at(ground().random.pick(sent_));
  const std::string& scope = ground().random.pick(settings_.scopes);
  const bool is_same = other.verb == "kill" && other.scope == scope;
  if (!other.durable || !other.given_as.empty() || is_same) return;
  ground().count("kills under the op id of another order");
  order("kill", scope, {}, other.op_id);
}

// It is refused: what control writes, everybody has to read.
void OperatorProcess::resume_at_length(const std::string& scope) {
  ground().count("resumes whose reason is too long");
  order("resume", scope, {}, {}, std::string(schemas::kReasonMax_bytes + 1, 'x'));
}

// All kills of the scope, those up to a place, or one; now and then that was a mistake.
void OperatorProcess::lift_some(const std::string& scope) {
  Random& random = ground().random;
  const auto kills = observer_.kills_of(scope);
  const auto through = observer_.through(schemas::Scope::parse(scope).value());
  if (through.count > 0 && random.below(3) == 0) {
    ground().count("resumes by place");
    order("resume", scope, fmt::format(R"(,"through":{})", control::through_json(through).dump()));
  } else if (kills.size() > 1 && random.below(2) == 0) {
    ground().count("resumes of one kill of several");
    order("resume", scope, fmt::format(R"(,"lifts":["{}"])", random.pick(kills)));
  } else {
    resume(scope);
  }
  if (random.below(4) != 0) return;
  after(random.between(kMs, kSecondThoughtMost), [this, scope] {
    if (!rests_) kill(scope);
  });
}

std::string OperatorProcess::kill(const std::string& scope) {
  const auto dice = ground().random.below(4);
  const std::string more = dice == 0   ? R"(,"mode":"now")"
                           : dice == 1 ? R"(,"grace_ms":500)"
                                       : std::string();
  ground().count("kills ordered");
  return order("kill", scope, more);
}

std::string OperatorProcess::resume(const std::string& scope) {
  ground().count("resumes ordered");
  return order("resume", scope, {});
}

std::string OperatorProcess::order(const std::string& verb, const std::string& scope,
                                   const std::string& more, const std::string& used,
                                   const std::string& reason) {
  const bool is_own = used.empty();
  const std::string op_id = is_own ? fmt::format("op-{}", ++orders_)
                                   : control::own_op_id(used, *schemas::Scope::parse(scope), 0);
  observer_.ordered(verb, scope, op_id);
  Asked asked;
  asked.verb = verb;
  asked.scope = scope;
  asked.op_id = op_id;
  asked.given_as = used;
  asked_.emplace(op_id, std::move(asked));
  bodies_[op_id] =
      fmt::format(R"({{"scope":"{}","reason":"{}","op_id":"{}","timeout_ms":20000{}}})", scope,
                  reason, is_own ? op_id : used, more);
  sent_.push_back(op_id);
  send(op_id);
  return op_id;
}

void OperatorProcess::send(const std::string& op_id) {
  const auto verb = *schemas::Segment::parse(asked_.at(op_id).verb);
  const auto& subjects = settings_.subjects;
  if (is_signed(asked_.at(op_id))) send_signed(asked_.at(op_id));
  (void)life_->connection.publish(subjects.command(own_name(), verb), bodies_.at(op_id), {},
                                  subjects.own_inbox(own_name(), *schemas::Segment::parse(op_id)));
  life_->connection.flush();  // also between the turns of its loop
  after(kAskAgain, [this, op_id] {
    const Asked& asked = asked_.at(op_id);
    if (!asked.accepted && !asked.done) send(op_id);
  });
}

bool OperatorProcess::is_signed(const Asked& asked) const {
  return asked.verb == "kill" && asked.given_as.empty() && !settings_.creds.empty();
}

// To bridges and control at once, as `estop kill` does.
void OperatorProcess::send_signed(const Asked& asked) {
  schemas::Record kill;
  kill.op_id = asked.op_id;
  kill.kill().scope = *schemas::Scope::parse(asked.scope);
  kill.actor.name = own_name().text();
  kill.reason = "because";
  kill.issued_at_ms = wall_ms();
  const auto order = schemas::sign_order(kill, settings_.creds);
  (void)life_->connection.publish(settings_.subjects.emergency(own_name()), order->frame);
  ground().count("kills signed by the operator");
}

void OperatorProcess::hear(const std::string& op_id, std::string_view answer) {
  const json told = json::parse(answer, nullptr, false);
  const auto known = asked_.find(op_id);
  if (!told.is_object() || known == asked_.end()) return;
  Asked& asked = known->second;
  const std::string stage = told.value("stage", "");
  if (stage == "accepted") asked.accepted = true;
  if ((stage == "fenced" || stage == "opened") && told.contains("us")) asked.fenced = true;
  if (stage == "durable") asked.durable = true;
  if (stage == "stopped") asked.stopped = told.value("missing", json::array()).empty();
  asked.done |= told.value("done", false);
  if (told.contains("unreached")) asked.unreached = told["unreached"].dump();
  if (told.contains("error")) asked.error = told["error"].value("detail", "");
  asked.refused |= told.contains("error");
  if (asked.verb != "kill" || is_signed(asked)) return;
  if (stage == "durable") observer_.kill_told_durable(op_id);
  if (told.contains("error")) observer_.kill_refused(op_id, asked.error);
}

}  // namespace estop::sim
