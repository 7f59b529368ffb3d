// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/incident/demo_run.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "agent-runtime/examples/incident/core/customers.h"

namespace estop::testing {

namespace fs = std::filesystem;

DemoRun::DemoRun(std::vector<std::string> arguments) {
  daemon::SpawnOptions options;
  options.command = {ESTOP_DEMO};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.log_file = logs_.file("output");
  options.environment = {{"TMPDIR", folder_.path().string()}};
  auto started = daemon::ChildProcess::spawn(options);
  if (!started) throw std::runtime_error(started.error().detail);
  process_ = std::move(*started);
}

std::string DemoRun::customers(std::size_t count) {
  std::string words;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) words += std::string{a, 'o', b} + '\n';
  }
  return incident::make_customers(words, count).value();
}

daemon::ExitStatus DemoRun::wait(std::chrono::seconds patience) {
  const auto ended = process_.wait(patience);
  if (!ended) throw std::runtime_error("the demo did not end in time:\n" + output());
  return *ended;
}

std::string DemoRun::output() const {
  return read_text(logs_.file("output"));
}

std::string DemoRun::last_line() const {
  const std::string text = output();
  if (text.size() < 2) return text;
  const std::size_t before = text.rfind('\n', text.size() - 2);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  return text.substr(start, text.size() - start - (text.ends_with('\n') ? 1 : 0));
}

std::vector<std::string> DemoRun::processes() const {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::string command = read_text(entry.path() / "cmdline");
    std::replace(command.begin(), command.end(), '\0', ' ');
    if (command.find(folder_.path().string()) != std::string::npos) found.push_back(command);
  }
  return found;
}

bool DemoRun::folder_is_empty() const {
  return fs::is_empty(folder_.path());
}

}  // namespace estop::testing
