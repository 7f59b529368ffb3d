// SPDX-License-Identifier: Apache-2.0

// Why an agent is stopped.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace estop {

enum class StopCause : std::uint8_t {
  kKill,           // a kill; ends only by a resume
  kLostContact,    // the lease ran out; ends by itself when control answers again
  kNotUnderstood,  // an order of a newer Estop, or a log that went back; ends by a resume
  kSessionEnded,   // credential revoked or connection refused for good; never ends
};
[[nodiscard]] std::string_view name(StopCause cause) noexcept;  // "lost-contact"
std::ostream& operator<<(std::ostream& out, StopCause cause);

}  // namespace estop
