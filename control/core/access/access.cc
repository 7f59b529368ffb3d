// SPDX-License-Identifier: Apache-2.0
#include "control/core/access/access.h"

#include <algorithm>
#include <utility>

namespace estop::control {

namespace {

constexpr std::uint64_t kClientsEvery_us = 1'000'000;
constexpr std::string_view kOwnName = "control";

}  // namespace

Access::Access(const CoreOptions& options, const Ledger& ledger, const OpTable& ops,
               const Registry& registry, const Orders& orders)
    : ledger_(ledger),
      ops_(ops),
      registry_(registry),
      orders_(orders),
      clients_(options.sharing_grace_us, options.silent_max) {}

// H65: who may not `revoke` by name may not do it by a kill. The kill acts all the same.
schemas::Result<void> Access::may_revoke(const CommandReceived& asked, const KillCommand& kill) {
  if (!kill.revoke || asked.may_revoke) return {};
  if (!asked.is_proven) {
    return schemas::fail(schemas::Errc::kBadSignature,
                         "a kill with 'revoke' has to be signed with the operator's key");
  }
  return schemas::fail(schemas::Errc::kNotPermitted,
                       "the credential allows no 'revoke' to operator " + asked.actor);
}

void Access::want_revocation(const CommandReceived& asked, const KillCommand& kill,
                             const std::string& op_id, Now now) {
  const OrderRequest& request = kill.order;
  const std::uint64_t grace_us = std::max<std::uint64_t>(kill.grace_ms * 1'000ULL, kRevokeWait_us);
  revocations_.try_emplace(
      op_id, Revocation{Withdrawal{.op_id = op_id, .actor = asked.actor, .reason = request.reason},
                        now.boot_us + grace_us});
}

void Access::revoke_fenced(Turn& turn) {
  std::erase_if(revocations_, [&](const auto& entry) {
    return orders_.find(entry.first) == nullptr && !ops_.is_unwritten(entry.first);
  });
  for (auto& [op_id, revocation] : revocations_) {
    const Order* order = orders_.find(op_id);
    if (order == nullptr || !order->has(Stage::kFenced)) continue;
    const bool is_quiet =
        order->has(Stage::kStopped) || turn.now.boot_us >= revocation.patience_until_us;
    const bool is_held = ledger_.latches().find(op_id) != nullptr;
    if (!is_quiet || !is_held || turn.now.boot_us < revocation.again_us) continue;
    revocation.again_us = turn.now.boot_us + kRevokeAgain_us;
    revocation.withdrawal.scope = order->scope;
    turn.out.push_back(RevokeCredentials{revocation.withdrawal});
  }
}

void Access::on(const CredentialsRevoked& revoked, Turn& turn) {
  const Withdrawal& asked = revoked.asked;
  if (asked.op_id.empty()) {
    turn.answer(asked.asker, revoked.count ? Reply(RevokedByName{*revoked.count})
                                           : Reply(Refused{revoked.count.error()}));
  }
  if (!asked.op_id.empty()) turn.tell(CredentialsMoved{asked.op_id, revoked.count});
  const bool was_told = asked.actor != kOwnName;  // whom an operator misspelt, he knows
  if (!revoked.count && revoked.count.error().code == schemas::Errc::kNotFound && was_told) return;
  if (!revoked.count) {
    return turn.alarm("not-revoked", asked.scope ? asked.scope->text() : asked.who,
                      schemas::to_string(revoked.count.error()));
  }
  revocations_.erase(asked.op_id);
  turn.note(audit_line(turn.now, "revoked", asked.actor,
                       asked.scope ? asked.scope->text() : asked.who, asked.op_id,
                       CredentialsWithdrawn{*revoked.count, asked.reason}));
}

// H38: the broker takes whatever is pushed to it last, also by somebody else, also something older.
void Access::on(const AccountsCompared& compared, Turn& turn) {
  if (compared.operators_revoked) revoked_ = *compared.operators_revoked;
  for (const std::string& account : compared.differed) {
    turn.alarm("claims-differ", account,
               "the broker had another account than the data folder: it was put right");
  }
  if (!compared.result) {
    turn.alarm("claims-unknown", {}, schemas::to_string(compared.result.error()));
  }
  if (!ledger_.is_leading()) return;
  // What a crash left between a resume and its end.
  for (const std::string& text : compared.barred) {
    const auto scope = schemas::Scope::parse(text);
    if (scope && ledger_.latches().exactly(*scope).empty()) turn.out.push_back(LiftBar{*scope});
  }
}

// --- Who is connected ---

void Access::on(const ClientsHeard& heard, Turn&) {
  clients_.on(heard);
}

// H13. Only the leader receives hellos. While the connection on which agents speak is away, whoever
// was announced when it went still is: one agent's connections may be why it cannot come back.
void Access::look_at_clients(const Tick& tick, Turn& turn) {
  if (!ledger_.is_leading()) return clients_.start_anew();
  if (tick.hears_agents && deaf_since_us_ != 0) clients_.start_anew();
  if (tick.hears_agents) deaf_since_us_ = 0;
  if (!tick.hears_agents && deaf_since_us_ == 0) deaf_since_us_ = turn.now.boot_us;
  if (turn.now.boot_us < next_clients_us_) return;
  next_clients_us_ = turn.now.boot_us + kClientsEvery_us;
  const auto announced = [&](const schemas::Address& agent) {
    return registry_.living(agent, deaf_since_us_ != 0 ? deaf_since_us_ : turn.now.boot_us);
  };
  for (const SharedCredential& one : clients_.shared(announced, turn.now.boot_us)) {
    turn.alarm("credential-shared", one.whose, one.sentence());
  }
  // H62: one at a look, so that no mistake of ours takes the whole fleet away in one stroke.
  if (const auto silent = clients_.silent(announced, turn.now.boot_us)) {
    const std::string whose = silent->agent.text();
    turn.alarm("silent-connections", whose,
               silent->sentence() + ": control withdraws it; `estop auth agent " + whose +
                   "` makes a new one");
    turn.out.push_back(RevokeCredentials{{.who = whose,
                                          .users = {silent->user},
                                          .actor = std::string(kOwnName),
                                          .reason = "--revoke-silent: " + silent->sentence()}});
  }
}

}  // namespace estop::control
