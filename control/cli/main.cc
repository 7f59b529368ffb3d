// estop: the operator's command line.
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "control/cli/commands.h"

namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

int main(int argc, char** argv) {
  namespace cli = estop::cli;
  try {
    const cli::Environment environment{from_environment("ESTOP_DATA"), from_environment("USER"),
                                       from_environment("ESTOP_COMMAND")};
    const cli::Parsed parsed = cli::parse({argv + 1, argv + argc}, environment);
    if (!parsed.invocation) {
      (parsed.status == cli::ExitStatus::kOk ? std::cout : std::cerr) << parsed.text;
      return static_cast<int>(parsed.status);
    }
    cli::Terminal terminal{std::cin,
                           std::cout,
                           std::cerr,
                           ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1,
                           from_environment("PATH"),
                           environment.command_name.empty() ? "estop" : environment.command_name};
    return static_cast<int>(cli::run(*parsed.invocation, terminal));
  } catch (const std::exception& problem) {
    std::cerr << "estop: " << problem.what() << '\n';
    return static_cast<int>(cli::ExitStatus::kFailure);
  }
}
