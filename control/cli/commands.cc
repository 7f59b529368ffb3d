#include "control/cli/commands.h"

#include <iostream>
#include <variant>

#include "control/cli/installation.h"
#include "control/cli/text.h"

namespace estop::cli {
namespace {

ExitStatus print_creds(const Common& common, const AuthAgent& agent, Terminal& terminal) {
  const auto path =
      creds_of(common.data, control::AgentRole{agent.address}, control::Account::kAgents);
  if (!path) return fail_with(path.error(), terminal);
  terminal.out << *path << '\n';
  return ExitStatus::kOk;
}

struct Run {
  const Common& common;
  const Command& command;
  Terminal& terminal;

  ExitStatus operator()(const Up& up) const { return run_up(common, up, terminal); }
  ExitStatus operator()(const Kill& kill) const { return run_kill(common, kill, terminal); }
  ExitStatus operator()(const Resume& resume) const { return run_resume(common, resume, terminal); }
  ExitStatus operator()(const Watch& watch) const { return run_watch(common, watch, terminal); }
  ExitStatus operator()(const AuditExport& audit) const {
    return run_export(common, audit, terminal);
  }
  ExitStatus operator()(const AuthAgent& agent) const {
    return print_creds(common, agent, terminal);
  }
  ExitStatus operator()(const Version&) const {
    terminal.out << "estop " ESTOP_VERSION "\n";
    return ExitStatus::kOk;
  }
  template <class Question>  // Ps, Get, AuditList, AuditVerify, Status
  ExitStatus operator()(const Question&) const {
    return run_question(common, command, terminal);
  }
};

}  // namespace

ExitStatus fail_with(const schemas::Error& error, Terminal& terminal) {
  terminal.err << "estop: " << shown(to_string(error)) << '\n';
  return exit_status(error.code);
}

ExitStatus run(const Invocation& invocation, Terminal& terminal) {
  return std::visit(Run{invocation.common, invocation.command, terminal}, invocation.command);
}

}  // namespace estop::cli
