// SPDX-License-Identifier: Apache-2.0
#include "control/app/outbox.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker-bridge/daemon/log.h"
#include "control/json/replies.h"
#include "schemas/codec.h"

namespace estop::control {

namespace {
constexpr std::int64_t kToldEvery = 60'000'000'000;
}  // namespace

bool Outbox::send(Unsent what, const schemas::Subject& subject, std::string_view bytes,
                  const nats::Headers& headers) {
  const bool fits = bytes.size() <= schemas::kMessageMax_bytes;
  if (fits && link_.publish(subject, bytes, headers)) return true;
  failed(what, subject, bytes.size());
  return false;
}

std::size_t Outbox::most_bytes() const {
  return std::min(schemas::kMessageMax_bytes, link_.payload_max_bytes());
}

void Outbox::answer(const ReplyTo& reply, const std::string& json) {
  if (reply.subject.empty()) return;
  const schemas::Bytes bytes = schemas::from_json(json, reply.form);
  if (send(Unsent::kAnswer, reply.subject, bytes)) return;
  if (bytes.size() <= most_bytes() || !link_.is_connected()) return;
  const schemas::Error error{
      schemas::Errc::kTooLarge,
      fmt::format("the answer has {} bytes, a message at most {}: ask for less with limit, after "
                  "or a narrower filter",
                  bytes.size(), most_bytes())};
  (void)send(Unsent::kAnswer, reply.subject,
             schemas::from_json(to_json(Refused{error}), reply.form));
}

void Outbox::failed(Unsent what, const schemas::Subject& subject, std::size_t bytes) {
  metrics_.unsent(what);
  Told& told = told_[what];
  ++told.since;
  const std::int64_t now = loop_.now();
  if (told.at != 0 && now < told.at + kToldEvery) return;
  daemon::log_warn("not-sent", {{"what", name(what)},
                                {"subject", subject.str()},
                                {"bytes", bytes},
                                {"since_last_told", told.since},
                                {"connected", link_.is_connected()}});
  told = {now, 0};
}

}  // namespace estop::control
