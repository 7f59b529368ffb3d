// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/command_line.h"

#include <iostream>

#include <CLI/CLI.hpp>

namespace estop::daemon {
namespace {

constexpr int kNotTold = 1;
constexpr int kWrongUse = 2;

void bound(CLI::Option& option, WholeNumbers allowed) {
  const WholeNumbers any;
  if (allowed.min != any.min || allowed.max != any.max)
    option.check(CLI::Range(allowed.min, allowed.max));
}

// `--url= --data x` hands "--data" to --url: nobody means that.
std::string looks_like_an_option(const std::string& value) {
  if (!value.starts_with("--")) return {};
  return "its value is missing: '" + value + "' is an option";
}

}  // namespace

CommandLine::CommandLine(const std::string& about) : app_(std::make_unique<CLI::App>(about)) {}
CommandLine::~CommandLine() = default;

void CommandLine::footer(const std::string& text) {
  app_->footer(text);
}

void CommandLine::version(const std::string& text) {
  app_->set_version_flag("--version", text);
}

void CommandLine::option(const std::string& name, std::string& into, const std::string& help) {
  app_->add_option(name, into, help)->capture_default_str()->check(looks_like_an_option);
}

void CommandLine::required(const std::string& name, std::string& into, const std::string& help) {
  app_->add_option(name, into, help)->required()->check(looks_like_an_option);
}

void CommandLine::option(const std::string& name, std::vector<std::string>& into,
                         const std::string& help) {
  app_->add_option(name, into, help)->delimiter(',')->check(looks_like_an_option);
}

void CommandLine::option(const std::string& name, std::uint32_t& into, const std::string& help,
                         WholeNumbers allowed) {
  auto* option = app_->add_option(name, into, help)->capture_default_str();
  bound(*option, allowed);
}

void CommandLine::option(const std::string& name, std::optional<std::uint32_t>& into,
                         const std::string& help, WholeNumbers allowed) {
  bound(*app_->add_option(name, into, help), allowed);
}

void CommandLine::flag(const std::string& name, bool& into, const std::string& help) {
  app_->add_flag(name, into, help);
}

void CommandLine::instead(Instead& into) {
  flag("--check-config", into.check_config, "find what would keep it from starting, then end");
  option("--healthcheck", into.healthcheck,
         "ask /readyz of this ADDRESS:PORT, then end: 0 ready, 1 not");
}

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {  // also how CLI11 says that help was asked for
    if (app_->exit(error) != 0) return kWrongUse;
    return std::cout.flush() ? 0 : kNotTold;
  }
}

}  // namespace estop::daemon
