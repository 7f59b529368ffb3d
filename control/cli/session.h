// A conversation with control: connect with the operator's credentials, ask, hand on every answer.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "control/cli/invocation.h"
#include "schemas/messages.h"
#include "schemas/result.h"

namespace estop::cli {

class Session {
 public:
  // kNoContact, kUnauthenticated, kNotFound (no data folder): the detail says what to do.
  [[nodiscard]] static schemas::Result<Session> open(const Common& common);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // Sends `json` as command `verb`, signed with the operator's own key where control wants that;
  // `answer` gets each answer until it returns false. Blocks for at
  // most `timeout_ms`. kNoContact: nobody listens. kTimeout: no answer, or no further one, in time.
  // kNotPermitted: the broker refused it.
  schemas::Result<void> ask(std::string_view verb, const std::string& json,
                            std::uint32_t timeout_ms,
                            const std::function<bool(std::string_view json)>& answer);

  // The same for verb `kill`, whose order is also sent to the bridges, signed with the operator's
  // own key: they obey it without control. If control does not answer, `answer` gets what the
  // bridges said ({"stage":"latched",…}) and the result is an error all the same. `kill` is what
  // `json` orders.
  schemas::Result<void> kill(const schemas::Record& kill, const std::string& json,
                             std::uint32_t timeout_ms,
                             const std::function<bool(std::string_view json)>& answer);

  // Hands on every event of the live feed until `event` returns false. Blocks until then, or until
  // contact is lost for good (kNoContact) or refused (kNotPermitted). What happens while the broker
  // is away is missed: the audit has it.
  schemas::Result<void> watch(const std::function<bool(std::string_view json)>& event);

 private:
  struct State;
  explicit Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace estop::cli
