// Text from outside, as a terminal may show it.
#pragma once

#include <string>

namespace estop::control {

// Control characters become spaces; none are left at the ends.
[[nodiscard]] std::string printable(std::string text);

}  // namespace estop::control
