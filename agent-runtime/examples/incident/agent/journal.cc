// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/agent/journal.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

namespace estop::incident {

void Journal::event(std::string_view name, std::initializer_list<Number> numbers) {
  nlohmann::ordered_json object{{"event", name}};
  for (const auto& [key, number] : numbers) object[std::string(key)] = number;
  line(object.dump());
}

void Journal::failure(std::string_view what, const Error& error) {
  line(nlohmann::ordered_json{
      {"event", "failed"}, {"what", what}, {"error", schemas::to_string(error)}}
           .dump());
}

void Journal::line(std::string text) {
  text += '\n';
  const std::lock_guard lock(mutex_);
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written <= 0) return;  // nobody listens: the work goes on
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace estop::incident
