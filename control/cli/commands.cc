#include "control/cli/commands.h"

#include <iostream>
#include <variant>

#include "control/cli/text.h"

namespace estop::cli {
namespace {

struct Run {
  const Common& common;
  const Command& command;
  Terminal& terminal;

  ExitStatus operator()(const Up& up) const { return run_up(common, up, terminal); }
  ExitStatus operator()(const Kill& kill) const { return run_kill(common, kill, terminal); }
  ExitStatus operator()(const Resume& resume) const { return run_resume(common, resume, terminal); }
  ExitStatus operator()(const Approve& approve) const {
    return run_approve(common, approve, terminal);
  }
  ExitStatus operator()(const Watch& watch) const { return run_watch(common, watch, terminal); }
  ExitStatus operator()(const AuditExport& audit) const {
    return run_export(common, audit, terminal);
  }
  ExitStatus operator()(const AuthIssue& issue) const {
    return run_auth_issue(common, issue, terminal);
  }
  ExitStatus operator()(const AuthList&) const { return run_auth_list(common, terminal); }
  ExitStatus operator()(const AuthRotate& rotate) const {
    return run_auth_rotate(common, rotate, terminal);
  }
  ExitStatus operator()(const AuthRevoke& revoke) const {
    return run_auth_revoke(common, revoke, terminal);
  }
  ExitStatus operator()(const Carry& carry) const { return run_carry(common, carry, terminal); }
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
