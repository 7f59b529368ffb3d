// SPDX-License-Identifier: Apache-2.0

// Which requests this bridge has forwarded, and to which address, to refuse replies of others
// early.
//
// The subject of a reply names its sender, and a requester accepts a reply only from the address
// that it asked. For requesters that do not check this, the bridge refuses a reply from another
// address. It remembers a bounded number of requests for a bounded time. If it does not know a
// request (another bridge forwarded it, or it is forgotten), every reply to it passes. Pure, no
// allocation after the first request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "broker-bridge/core/contact/lease.h"
#include "schemas/messages.h"
#include "schemas/subjects.h"

namespace estop::bridge {

class Asked {
 public:
  static constexpr std::size_t kRequestsMax = 65'536;  // beyond, an old one is forgotten
  static constexpr Nanos kRememberedFor = 600'000'000'000;

  // `seed` is random, so that no agent can choose which request is forgotten.
  explicit Asked(std::uint64_t seed) : seed_(seed) {}

  // A request that may be forwarded now; give it to `remember` after the forward.
  struct Request {
    std::uint64_t key = 0;       // requester and id; 0: none
    std::uint64_t receiver = 0;  // hash of the receiver's address
    Nanos at = 0;
  };
  [[nodiscard]] Request request(const schemas::IntentSubject& parts,
                                const schemas::IntentHead& head, Nanos now) const;
  void remember(const Request& request);
  // False: this bridge forwarded the request that this reply answers, to another address than the
  // reply's sender.
  [[nodiscard]] bool may_answer(const schemas::IntentSubject& parts,
                                const schemas::IntentHead& head, Nanos now) const;

 private:
  static constexpr std::size_t kWays = 4;  // places where a request may stand
  [[nodiscard]] std::uint64_t hash(std::string_view text, std::uint64_t seed) const noexcept;
  [[nodiscard]] std::uint64_t key(std::string_view asker, std::string_view instance,
                                  std::string_view id) const noexcept;
  [[nodiscard]] static std::size_t first_place(std::uint64_t key) noexcept;

  std::uint64_t seed_;
  std::vector<Request> requests_;  // empty before the first
};

}  // namespace estop::bridge
