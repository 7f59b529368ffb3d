// Text from outside, as a terminal may show it.
#pragma once

#include <string>

namespace estop::control {

// Control characters (C0, DEL and C1, in UTF-8) become spaces; none are left at the ends.
[[nodiscard]] std::string printable(std::string text);

}  // namespace estop::control
