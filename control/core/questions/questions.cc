// SPDX-License-Identifier: Apache-2.0
#include "control/core/questions/questions.h"

#include <utility>

#include "control/core/orders/proofs.h"

namespace estop::control {

using schemas::Errc;

Questions::Questions(const CoreOptions& options, const Ledger& ledger, const Bridges& bridges,
                     const Agents& agents, const OpTable& ops, OrderFlow& flow)
    : options_(options),
      ledger_(ledger),
      bridges_(bridges),
      agents_(agents),
      ops_(ops),
      flow_(flow) {}

void Questions::answer(const CommandReceived& asked, const PsCommand& ps, Turn& turn) {
  const StatusView seen = view(turn.now);
  turn.answer(asked.asker, ps.kills_of ? Reply(kills_page(seen, *ps.kills_of, ps.page))
                                       : Reply(agents_page(seen, ps)));
}

void Questions::answer(const CommandReceived& asked, const StatusCommand& status, Turn& turn) {
  turn.answer(asked.asker, status_page(view(turn.now), status.page));
}

void Questions::answer(const CommandReceived& asked, const GetCommand& get, Turn& turn) {
  const auto scope = schemas::Scope::of(get.address);
  if (!agents_.registry().knows(scope) && ledger_.latches().covering(get.address, {}).empty()) {
    return turn.refuse(asked, {Errc::kNotFound, "nobody of the name " + get.address.text() +
                                                    " has ever announced itself"});
  }
  turn.out.push_back(ReadDetails{get.address, asked.asker, get.page});
}

void Questions::answer(const CommandReceived& asked, const AuditCommand& audit, Turn& turn) {
  turn.out.push_back(QueryAudit{audit.query, asked.asker});
}

void Questions::answer(const CommandReceived& asked, const VerifyCommand&, Turn& turn) {
  turn.out.push_back(VerifyAudit{asked.asker});
}

void Questions::answer(const CommandReceived& asked, const CutCommand& cut, Turn& turn) {
  keep_proof(asked, std::to_string(cut.request.through), {}, turn);
  CutRequest request = cut.request;
  request.actor = asked.actor;
  request.at_ms = turn.now.wall_ms;
  turn.out.push_back(CutAway{std::move(request), asked.asker});
}

void Questions::on(const AuditListed& listed, Turn& turn) {
  turn.answer(listed.asker, listed.rows
                                ? Reply(AuditPage{*listed.rows, listed.query, flow_.audit_begins()})
                                : Reply(Refused{listed.rows.error()}));
}

void Questions::on(const AuditBegins& begins, Turn&) {
  if (begins.cut) flow_.set_audit_begins(*begins.cut);
}

void Questions::on(const AuditCutAway& done, Turn& turn) {
  if (!done.cut) {
    CommandReceived asked;
    asked.actor = done.asked.actor;
    asked.verb = "cut";
    asked.asker = done.asker;
    return turn.refuse(asked, done.cut.error());
  }
  flow_.set_audit_begins(*done.cut);
  turn.answer(done.asker, CutDone{*done.cut});
}

void Questions::on(const AuditVerified& verified, Turn& turn) {
  turn.answer(verified.asker, verified.verdict ? Reply(Verified{*verified.verdict})
                                               : Reply(Refused{verified.verdict.error()}));
}

void Questions::on(const DetailsRead& details, Turn& turn) {
  turn.answer(details.asker, agent_page(view(turn.now), details.address, details.checkpoints,
                                        details.begun, details.page));
}

StatusView Questions::view(Now now) const {
  return {options_.version, ledger_, bridges_.roster(), agents_.registry(),
          ops_.proposals(), now,     started_us_};
}

}  // namespace estop::control
