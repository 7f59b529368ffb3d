// SPDX-License-Identifier: Apache-2.0

// What somebody resumes who looked with `ps` and `kills_of`: by name, or by place if they are too
// many to be named.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "control/json/commands.h"
#include "schemas/holds.h"
#include "schemas/signing.h"

namespace estop::testing {

// `seen` is the only page of the answer. The field of `resume`: `lifts` or `through`.
inline nlohmann::json lifts_seen(const nlohmann::json& seen, const std::string& scope,
                                 std::size_t named_max = schemas::kLiftsMax) {
  std::vector<schemas::Hold> kills;
  for (const auto& kill : seen.at("kills")) {
    if (kill.at("scope") != scope) continue;
    kills.push_back({{.op_id = kill.at("op_id"), .seq = kill.at("seq")}, kill.at("epoch")});
  }
  std::vector<const schemas::Hold*> all;
  std::vector<std::string> names;
  for (const auto& kill : kills) all.push_back(&kill);
  for (const auto& kill : kills) names.push_back(kill.latch.op_id);
  if (kills.size() <= named_max) return {{"lifts", names}};
  const auto& log = seen.at("log");
  const schemas::Head place{log.at("epoch"), log.at("seq"),
                            schemas::hash_from_hex(log.at("hash").get<std::string>()).value()};
  return {{"through", control::through_json(schemas::through(place, std::move(all)))}};
}

}  // namespace estop::testing
