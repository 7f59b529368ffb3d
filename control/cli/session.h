// SPDX-License-Identifier: Apache-2.0

// A conversation with control: connect with the operator's credentials, ask, hand on every answer.
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

// What comes of a kill while it is given.
struct KillEvents {
  std::function<void()> sent;  // the order left this process: from here on it may be obeyed
  // Each answer of control, once, and what bridges say if control says nothing
  // ({"stage":"latched",…}), until it returns false.
  std::function<bool(std::string_view json)> answer;
};

// The live feed, and what to do to miss nothing of it.
struct Feed {
  std::function<bool(std::string_view json)> event;  // false: enough
  std::function<void()> was_away;                    // the connection is back
  // Whether catch_up is due, which may ask(); it is called again a second after it failed.
  std::function<bool()> is_due;
  std::function<schemas::Result<void>()> catch_up;
};

// Control reads a command with the same function: what it would refuse does not leave.
// kBadArgument.
[[nodiscard]] schemas::Result<void> check_command(std::string_view verb,
                                                  const nlohmann::json& request);

class Session {
 public:
  // Looks who acts and where the broker is; connects nowhere. kNotFound, kUnauthenticated,
  // kBadArgument, kStoreUnavailable: the detail says what to do.
  [[nodiscard]] static schemas::Result<Session> prepare(const Common& common, Use use);
  // kNoContact, kUnauthenticated. Not before kill(), which connects by itself.
  schemas::Result<void> connect();
  // Both.
  [[nodiscard]] static schemas::Result<Session> open(const Common& common);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  [[nodiscard]] const Identity& identity() const;

  // Sends `json` as command `verb`, signed with the operator's own key where control wants that;
  // `answer` gets each answer until it returns false. Blocks for at
  // most `timeout_ms`. kNoContact: nobody listens. kTimeout: no answer, or no further one, in time.
  // kNotPermitted: the broker refused it.
  schemas::Result<void> ask(std::string_view verb, const std::string& json,
                            std::uint32_t timeout_ms,
                            const std::function<bool(std::string_view json)>& answer);

  // Verb `kill`: the command to control, and the order to the bridges, signed with the operator's
  // own key: they obey it without control. Does not give up before its time is over: connects and
  // sends both again, with the same op id. `kill` is what `json` orders. kNoContact: nothing could
  // be sent. kTimeout: sent, and control said too little. kUnauthenticated, kNotPermitted: the
  // broker refused the credential, or the order.
  schemas::Result<void> kill(const schemas::Record& kill, const std::string& json,
                             std::uint32_t timeout_ms, const KillEvents& events);

  // Hands on every event of the live feed until `event` returns false. Blocks until then, or until
  // contact is lost for good (kNoContact) or refused (kNotPermitted).
  schemas::Result<void> watch(const Feed& feed);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace estop::cli
