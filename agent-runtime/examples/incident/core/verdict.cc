// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/verdict.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <unordered_map>

#include "agent-runtime/examples/incident/core/letter.h"

namespace estop::incident {
namespace {

constexpr std::string_view kRecipient = "X-Rcpt-Args: <";

Link link_in(std::string_view file) {
  if (file.find(kBrokenLink) != std::string_view::npos) return Link::kBroken;
  const std::string_view fixed = kFixedLink.substr(0, kFixedLink.find("{{"));
  const std::size_t at = file.find(fixed);
  const std::size_t number = at + fixed.size();
  const bool numbered = at != std::string_view::npos && number < file.size() &&
                        file[number] >= '0' && file[number] <= '9';
  return numbered ? Link::kFixed : Link::kNeither;
}

}  // namespace

std::optional<Delivery> read_delivery(std::string_view file, std::int64_t at_ns) {
  const std::size_t at = file.find(kRecipient);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t start = at + kRecipient.size();
  const std::size_t end = file.find('>', start);
  if (end == std::string_view::npos) return std::nullopt;
  if (file.find(kRecipient, end) != std::string_view::npos) return std::nullopt;
  return Delivery{std::string(file.substr(start, end - start)), at_ns, link_in(file)};
}

MailCount count_mails(const std::vector<Customer>& customers,
                      const std::vector<Delivery>& deliveries, const Moments& moments) {
  std::unordered_map<std::string_view, std::size_t> mails_of;
  for (const Customer& customer : customers) mails_of.emplace(customer.email, 0);
  MailCount count;
  count.customers = customers.size();
  for (const Delivery& mail : deliveries) {
    const bool resumed = mail.at_ns >= moments.resume_ns;
    if (mail.at_ns <= moments.fence_ns) {
      ++count.before_kill;
    } else if (mail.at_ns <= moments.fence_ns + kInFlight_ns) {
      ++count.in_flight;
    } else if (!resumed) {
      ++count.after_fence;
    }
    if (mail.link != (resumed ? Link::kFixed : Link::kBroken)) ++count.wrong_link;
    const auto owner = mails_of.find(mail.recipient);
    if (owner == mails_of.end()) {
      ++count.strangers;
    } else if (++owner->second > 1) {
      ++count.duplicates;
    }
  }
  for (const auto& [recipient, mails] : mails_of) count.missing += mails == 0 ? 1U : 0U;
  return count;
}

std::string to_json(const Closing& closing) {
  const MailCount& mails = closing.mails;
  const nlohmann::ordered_json line{
      {"customers", mails.customers},
      {"mails_before_kill", mails.before_kill},
      {"in_flight_at_fence", mails.in_flight},
      {"mails_after_fence", mails.after_fence},
      {"refused_while_killed", closing.refused_while_killed},
      {"duplicates", mails.duplicates},
      {"missing", mails.missing},
      {"fence_ms", std::round(closing.fence_ms * 1000) / 1000},
      {"stopped", std::to_string(closing.stopped) + "/" + std::to_string(closing.stopped_of)},
      {"unconfirmed", closing.unconfirmed},
      {"audit_ok", closing.audit_ok}};
  return line.dump();
}

std::vector<std::string> broken_promises(const Closing& closing, std::size_t in_flight_max) {
  const MailCount& mails = closing.mails;
  std::vector<std::string> broken;
  const auto count = [&](std::size_t n, const char* what) {
    if (n != 0) broken.push_back(std::to_string(n) + what);
  };
  count(mails.after_fence, " mails went out after the fence");
  count(mails.duplicates, " mails were duplicates");
  count(mails.missing, " customers got no mail");
  count(mails.strangers, " mails went to somebody who is no customer");
  count(mails.wrong_link, " mails carry the wrong link for their time");
  if (mails.in_flight > in_flight_max) {
    broken.push_back(std::to_string(mails.in_flight) + " mails were in flight at the fence, but " +
                     "the mailer sends only " + std::to_string(in_flight_max) + " at once");
  }
  if (closing.refused_while_killed == 0) broken.emplace_back("no intent of the rogue was refused");
  if (!closing.audit_ok) broken.emplace_back("the audit trail did not verify");
  return broken;
}

}  // namespace estop::incident
