// SPDX-License-Identifier: Apache-2.0

// What control decides about credentials: the third ring of a kill, revocations by name, and
// whether one is used by more than it was issued to.
//
// The fence comes first, then the runtimes' word, then the broker: whoever is cut off can confirm
// nothing any more, and within its grace it may still save its work.
#include <algorithm>
#include <utility>

#include "control/core/control_core.h"

namespace estop::control {

namespace {

constexpr std::uint64_t kClientsEvery_us = 1'000'000;
constexpr std::string_view kOwnName = "control";

}  // namespace

// H65: who may not `revoke` by name may not do it by a kill. The kill acts all the same.
schemas::Result<void> ControlCore::may_revoke(const CommandReceived& asked,
                                              const KillCommand& kill) {
  if (!kill.revoke || asked.may_revoke) return {};
  if (asked.proof.empty()) {
    return schemas::fail(schemas::Errc::kBadSignature,
                         "a kill with 'revoke' has to be signed with the operator's key");
  }
  return schemas::fail(schemas::Errc::kNotPermitted,
                       "the credential allows no 'revoke' to operator " + asked.actor);
}

void ControlCore::want_revocation(const CommandReceived& asked, const KillCommand& kill,
                                  const std::string& op_id, Now now) {
  const OrderRequest& request = kill.order;
  const std::uint64_t grace_us = std::max<std::uint64_t>(kill.grace_ms * 1'000ULL, kRevokeWait_us);
  revocations_.try_emplace(
      op_id, Revocation{Withdrawal{.op_id = op_id, .actor = asked.actor, .reason = request.reason},
                        now.boot_us + grace_us});
}

void ControlCore::revoke_fenced(Now now, Effects& out) {
  std::erase_if(revocations_, [&](const auto& entry) {
    return orders_.find(entry.first) == nullptr && !unwritten_.contains(entry.first);
  });
  for (auto& [op_id, revocation] : revocations_) {
    const Order* order = orders_.find(op_id);
    if (order == nullptr || !order->has(Stage::kFenced)) continue;
    const bool is_quiet =
        order->has(Stage::kStopped) || now.boot_us >= revocation.patience_until_us;
    const bool is_held = ledger_.latches().find(op_id) != nullptr;
    if (!is_quiet || !is_held || now.boot_us < revocation.again_us) continue;
    revocation.again_us = now.boot_us + kRevokeAgain_us;
    revocation.withdrawal.scope = order->scope;
    out.push_back(RevokeCredentials{revocation.withdrawal});
  }
}

void ControlCore::obey(const CommandReceived& asked, const RevokeCommand& revoke, Now now,
                       Effects& out) {
  // Whoever got here may: the broker took the verb of him, and his signature is good.
  if (revoke.check) return out.push_back(Answer{asked.reply, revoked_done_json(0)});
  keep_proof(asked, revoke.who, {}, now, out);
  out.push_back(RevokeCredentials{{.who = revoke.who,
                                   .users = revoke.users,
                                   .actor = asked.actor,
                                   .reason = revoke.reason,
                                   .reply = asked.reply}});
}

void ControlCore::on(const CredentialsRevoked& revoked, Now now, Effects& out) {
  const Withdrawal& asked = revoked.asked;
  const std::string told = revoked_json(revoked.count);
  if (Order* order = orders_.find(asked.op_id); order != nullptr && revoked.count) {
    orders_.reach(*order, Stage::kRevoked, told, out);
  } else if (order != nullptr) {
    orders_.tell(*order, Stage::kRevoked, told, out);
  } else if (asked.op_id.empty()) {
    out.push_back(Answer{asked.reply, revoked.count ? revoked_done_json(*revoked.count)
                                                    : error_json(revoked.count.error())});
  }
  const bool was_told = asked.actor != kOwnName;  // whom an operator misspelt, he knows
  if (!revoked.count && revoked.count.error().code == schemas::Errc::kNotFound && was_told) return;
  if (!revoked.count) {
    return alarm("not-revoked", asked.scope ? asked.scope->text() : asked.who,
                 schemas::to_string(revoked.count.error()), now, out);
  }
  revocations_.erase(asked.op_id);
  note(audit_line(now, "revoked", asked.actor, asked.scope ? asked.scope->text() : asked.who,
                  asked.op_id, revoked_detail(*revoked.count, asked.reason)),
       out);
}

// H38: the broker takes whatever is pushed to it last, also by somebody else, also something older.
void ControlCore::on(const AccountsCompared& compared, Now now, Effects& out) {
  for (const std::string& account : compared.differed) {
    alarm("claims-differ", account,
          "the broker had another account than the data folder: it was put right", now, out);
  }
  if (!compared.result) {
    alarm("claims-unknown", {}, schemas::to_string(compared.result.error()), now, out);
  }
  if (!ledger_.is_leading()) return;
  // What a crash left between a resume and its end.
  for (const std::string& text : compared.barred) {
    const auto scope = schemas::Scope::parse(text);
    if (scope && ledger_.latches().exactly(*scope).empty()) out.push_back(LiftBar{*scope});
  }
}

// --- Who is connected ---

void ControlCore::on(const ClientsHeard& heard, Now, Effects&) {
  clients_.on(heard);
}

// H13. Only the leader receives hellos. While the connection on which agents speak is away, whoever
// was announced when it went still is: one agent's connections may be why it cannot come back.
void ControlCore::look_at_clients(const Tick& tick, Now now, Effects& out) {
  if (!ledger_.is_leading()) return clients_.start_anew();
  if (tick.hears_agents && deaf_since_us_ != 0) clients_.start_anew();
  if (tick.hears_agents) deaf_since_us_ = 0;
  if (!tick.hears_agents && deaf_since_us_ == 0) deaf_since_us_ = now.boot_us;
  if (now.boot_us < next_clients_us_) return;
  next_clients_us_ = now.boot_us + kClientsEvery_us;
  const auto announced = [&](const schemas::Address& agent) {
    return registry_.living(agent, deaf_since_us_ != 0 ? deaf_since_us_ : now.boot_us);
  };
  for (const SharedCredential& one : clients_.shared(announced, now.boot_us)) {
    alarm("credential-shared", one.whose, one.sentence(), now, out);
  }
  // H62: one at a look, so that no mistake of ours takes the whole fleet away in one stroke.
  if (const auto silent = clients_.silent(announced, now.boot_us)) {
    const std::string whose = silent->agent.text();
    alarm("silent-connections", whose,
          silent->sentence() + ": control withdraws it; `estop auth agent " + whose +
              "` makes a new one",
          now, out);
    out.push_back(RevokeCredentials{{.who = whose,
                                     .users = {silent->user},
                                     .actor = std::string(kOwnName),
                                     .reason = "--revoke-silent: " + silent->sentence()}});
  }
}

}  // namespace estop::control
