// SPDX-License-Identifier: Apache-2.0

// Every subject that Estop can build, for the attacker himself and for everybody else.
#pragma once

#include <string>
#include <vector>

namespace estop::testing {

struct BuiltSubject {
  std::string builder;  // of schemas::Subjects
  std::string subject;
};

// What each builder of schemas::Subjects makes: for mallory, another agent and one of another org,
// for two instances, two operators, two bridges and control.
[[nodiscard]] std::vector<BuiltSubject> every_built_subject();

// These, and what an attacker would try besides (every_subject of tests/integration/auth).
[[nodiscard]] std::vector<std::string> every_target();
[[nodiscard]] bool has_wildcard(const std::string& subject);

}  // namespace estop::testing
