// SPDX-License-Identifier: Apache-2.0

// estop: the operator's command line.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "control/cli/commands.h"

namespace {

namespace cli = estop::cli;

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// A standard descriptor that was closed would be given to the next file or socket that is opened,
// and an answer be written to the broker. In its place stands one that takes nothing.
void hold_standard_descriptors() {
  for (const auto& [fd, mode] :
       {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}}) {
    if (::fcntl(fd, F_GETFD) < 0) static_cast<void>(::open("/dev/null", mode));
  }
}

int run(int argc, char** argv) {
  const cli::Environment environment{from_environment("ESTOP_DATA"), from_environment("USER"),
                                     from_environment("ESTOP_COMMAND")};
  const cli::Parsed parsed = cli::parse({argv + 1, argv + argc}, environment);
  cli::Terminal terminal{std::cin,
                         std::cout,
                         std::cerr,
                         ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1,
                         from_environment("PATH"),
                         environment.command_name.empty() ? "estop" : environment.command_name};
  if (parsed.invocation) return static_cast<int>(cli::run(*parsed.invocation, terminal));
  (parsed.status == cli::ExitStatus::kOk ? std::cout : std::cerr) << parsed.text;
  return static_cast<int>(cli::finish(parsed.status, "nothing was done", terminal));
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  // Who no longer reads what we say ends neither a kill nor what `up` runs.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& problem) {
    std::cerr << "estop: " << problem.what() << '\n';
    return static_cast<int>(cli::ExitStatus::kFailure);
  }
}
