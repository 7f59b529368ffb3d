// SPDX-License-Identifier: Apache-2.0

// A conversation with control: connects with the operator's credentials, asks, passes on every
// answer.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "control/cli/identity.h"
#include "control/cli/invocation.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::cli {

// The events of a kill while it is under way.
struct KillEvents {
  std::function<void()> sent;  // the order left this process: from here on it may be obeyed
  // Receives each answer of control, once, and the bridges' answers if control does not answer
  // ({"stage":"latched",…}), until it returns false.
  std::function<bool(std::string_view json)> answer;
};

// The live feed, and the calls that keep it complete.
struct Feed {
  std::function<bool(std::string_view json)> event;  // false: enough
  std::function<void()> was_away;                    // the connection is back
  // Whether catch_up is due, which may ask(); called again a second after a failure.
  std::function<bool()> is_due;
  std::function<schemas::Result<void>()> catch_up;
};

// Checks a command with the same function as control: a command that control would refuse is not
// sent. kBadArgument.
[[nodiscard]] schemas::Result<void> check_command(std::string_view verb,
                                                  const nlohmann::json& request);

class Session {
 public:
  // Finds the operator and the broker; does not connect. kNotFound, kUnauthenticated, kBadArgument,
  // kStoreUnavailable: the detail says what to do.
  [[nodiscard]] static schemas::Result<Session> prepare(const Common& common, Use use);
  // Connects. Do not call it before kill(), which connects by itself. kNoContact, kUnauthenticated.
  schemas::Result<void> connect();
  // Both.
  [[nodiscard]] static schemas::Result<Session> open(const Common& common);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  [[nodiscard]] const Identity& identity() const;

  // Sends `json` as command `verb`, signed with the operator's own key where control demands it;
  // `answer` gets each answer until it returns false. Blocks for at most `timeout_ms`. kNoContact:
  // there is no listener. kTimeout: no answer, or no further one, in time. kNotPermitted: the
  // broker refused it.
  schemas::Result<void> ask(std::string_view verb, const std::string& json,
                            std::uint32_t timeout_ms,
                            const std::function<bool(std::string_view json)>& answer);

  // Verb `kill`: sends the command to control, and the order to the bridges, signed with the
  // operator's own key: they obey it without control. Does not give up before its time is over:
  // connects and sends both again, with the same op id. `kill` is the order in `json`. kNoContact:
  // nothing could be sent. kTimeout: sent, and control did not report everything. kUnauthenticated,
  // kNotPermitted: the broker refused the credential, or the order.
  schemas::Result<void> kill(const schemas::Record& kill, const std::string& json,
                             std::uint32_t timeout_ms, const KillEvents& events);

  // Passes on every event of the live feed until `event` returns false. Blocks until then, or until
  // contact is lost for good (kNoContact) or refused (kNotPermitted).
  schemas::Result<void> watch(const Feed& feed);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace estop::cli
