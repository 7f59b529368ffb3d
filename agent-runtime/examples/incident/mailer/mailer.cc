// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/mailer/mailer.h"

#include <chrono>
#include <utility>

#include "agent-runtime/examples/incident/core/letter.h"

namespace estop::incident {
namespace {

constexpr std::uint64_t kMailCost_micro_usd = 100;

Report report_of(Posted posted, std::chrono::steady_clock::time_point since) {
  Report report;
  report.success = posted == Posted::kAccepted;
  report.latency = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - since);
  report.cost_micro_usd = kMailCost_micro_usd;
  report.api_calls = 1;
  return report;
}

}  // namespace

Result<Bytes> Mailer::send(const Intent& intent, const std::stop_token& stop) {
  const auto letter = decode_letter(intent.payload);
  if (!letter) return tl::make_unexpected(letter.error());
  if (stop.stop_requested()) return fail(Errc::kSenderKilled, "stopped before the mail was begun");
  const std::string key = effect_key(*letter);
  const auto effect = agent_.begin(key);
  if (!effect) return tl::make_unexpected(effect.error());
  if (effect->before == EffectState::kFinished) return effect->outcome;
  if (effect->before == EffectState::kBegun) {
    return fail(Errc::kEffectAmbiguous, key + " was begun, and nobody knows whether it went out");
  }

  // From here it goes on to the end, a few milliseconds, also when the sender is stopped now: a
  // mail that is given up half-way would be one that nobody knows of.
  const auto since = std::chrono::steady_clock::now();
  const PostResult result = clients_.post("news@acme.example", letter->to, to_message(*letter));
  agent_.report(report_of(result.posted, since));
  const std::string id = message_id(*letter);
  switch (result.posted) {
    case Posted::kAccepted:
      if (const auto kept = agent_.finish(key, id); !kept) {
        return fail(Errc::kEffectAmbiguous,
                    key + " went out, but that could not be recorded: " + kept.error().detail);
      }
      return id;
    case Posted::kNotSent:
      if (const auto kept = agent_.abandon(key); !kept) return tl::make_unexpected(kept.error());
      return fail(Errc::kStoreUnavailable, "the mail server did not take it: " + result.detail);
    case Posted::kUnknown:
      break;
  }
  return fail(Errc::kEffectAmbiguous, "the mail server's answer was lost: " + result.detail);
}

}  // namespace estop::incident
