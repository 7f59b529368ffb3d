// SPDX-License-Identifier: Apache-2.0

// What the mail server's own record says about the promise, and the demo's closing line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent-runtime/examples/incident/core/customers.h"

namespace estop::incident {

// What was on its way to the mail server when the fence came may still arrive this long after it.
inline constexpr std::int64_t kInFlight_ns = 250'000'000;

enum class Link : std::uint8_t {
  kBroken,  // mailed with the template as it was before the fix
  kFixed,
  kNeither,
};

// One mail that the server accepted. Times are its file system's, in ns since 1970.
struct Delivery {
  std::string recipient;
  std::int64_t at_ns = 0;
  Link link = Link::kNeither;
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

// From one file that smtp-sink -d wrote; nullopt: it is not a whole mail to one recipient.
[[nodiscard]] std::optional<Delivery> read_delivery(std::string_view file, std::int64_t at_ns);

struct Moments {
  std::int64_t fence_ns = 0;   // the operator saw *fenced*
  std::int64_t resume_ns = 0;  // the operator gave the order to go on
};

struct MailCount {
  std::size_t customers = 0;
  std::size_t before_kill = 0;  // up to the fence
  std::size_t in_flight = 0;    // within kInFlight_ns after it
  std::size_t after_fence = 0;  // later than that and before the resume
  std::size_t duplicates = 0;   // mails to somebody who had already got one
  std::size_t missing = 0;      // customers without a mail
  std::size_t strangers = 0;    // mails to somebody who is no customer
  std::size_t wrong_link = 0;   // broken after the resume, or fixed before
  friend bool operator==(const MailCount&, const MailCount&) = default;
};

[[nodiscard]] MailCount count_mails(const std::vector<Customer>& customers,
                                    const std::vector<Delivery>& deliveries,
                                    const Moments& moments);

struct Closing {
  MailCount mails;
  std::size_t refused_while_killed = 0;
  double fence_ms = 0;
  std::size_t stopped = 0;
  std::size_t stopped_of = 0;
  std::vector<std::string> unconfirmed;
  bool audit_ok = false;
};

// One line without line feed.
[[nodiscard]] std::string to_json(const Closing& closing);
// A sentence for each promise that was not kept. `in_flight_max`: the mailer's own concurrency.
[[nodiscard]] std::vector<std::string> broken_promises(const Closing& closing,
                                                       std::size_t in_flight_max);

}  // namespace estop::incident
