// SPDX-License-Identifier: Apache-2.0

// A client's connection to the broker, both ends, and the link that it runs over.
//
// A link is TCP: each direction keeps its order and may stand still. What was written when the
// client gives a connection up arrives or does not; nothing of it is written again. What the broker
// does not confirm in `unconfirmed_max` the client's kernel drops, with all behind it, and the
// connection is over (TCP_USER_TIMEOUT).
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "control/auth/auth.h"
#include "tests/sim/time.h"

namespace estop::sim {

struct Message {
  std::string subject;
  std::string reply;
  std::string data;
  std::vector<std::pair<std::string, std::string>> headers;
  const struct User* from = nullptr;  // as the broker knows its publisher; null: the broker itself
  std::uint64_t stamp = 0;            // of the publish, in the order of all that happened
};
using MessagePtr = std::shared_ptr<const Message>;

// Subjects with wildcards, as a subscription or a permission names them.
class Pattern {
 public:
  explicit Pattern(std::string text)
      : text_(std::move(text)), literal_(std::min(text_.find_first_of("*>"), text_.size())) {}

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool covers(std::string_view subject) const noexcept;

 private:
  std::string text_;
  std::size_t literal_;  // bytes before the first wildcard
};

// What a credential stands for.
struct User {
  std::string name;
  control::Account account = control::Account::kAgents;
  control::Permissions may;
};

struct Link {
  User user;
  std::vector<Pattern> may_publish;
  std::vector<Pattern> may_subscribe;
  Nanos up_cut_until = 0;  // to the broker
  Nanos down_cut_until = 0;
};

struct Publish {
  MessagePtr message;
};
struct Subscribe {
  std::uint64_t id = 0;
  std::string pattern;
  std::string queue;
};
struct Unsubscribe {
  std::uint64_t id = 0;
};
using Request = std::variant<Publish, Subscribe, Unsubscribe>;

struct Subscription {
  std::uint64_t id = 0;
  Pattern pattern;
  std::string queue;
  Nanos free_at = 0;  // when the message before it arrives: a subscription keeps its order
  bool dead = false;  // the broker has misplaced it
};

struct Session {
  Link* link = nullptr;
  bool broker_has_it = true;
  std::vector<Subscription> subscriptions;  // the broker's
  Nanos up_free_at = 0;
  Nanos down_free_at = 0;
  Nanos up_ends_at = INT64_MAX;  // what would arrive later never does
  Nanos unconfirmed_max = 0;     // 0: the kernel never gives up
  struct Sent {
    Nanos confirmed_at = 0;
    std::size_t bytes = 0;
  };
  std::deque<Sent> unconfirmed;  // what the client's kernel may have to send again
  void forget_confirmed(Nanos now);

  bool client_has_it = true;
  std::function<void(std::uint64_t subscription, const MessagePtr& message)> on_message;
  std::function<void(const std::string& reason)> on_lost;
};
using SessionPtr = std::shared_ptr<Session>;

}  // namespace estop::sim
