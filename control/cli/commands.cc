// SPDX-License-Identifier: Apache-2.0
#include "control/cli/commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>
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
  ExitStatus operator()(const AuditVerify& verify) const {
    return verify.files.empty() ? run_question(common, command, terminal)
                                : run_verify_files(common, verify, terminal);
  }
  ExitStatus operator()(const CutAudit& cut) const { return run_cut(common, cut, terminal); }
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
  template <class Question>  // Ps, Get, AuditList, Status
  ExitStatus operator()(const Question&) const {
    return run_question(common, command, terminal);
  }
};

}  // namespace

void print_notices(const Identity& identity, Terminal& terminal) {
  for (const std::string& notice : identity.notices) {
    terminal.err << "estop: " << shown(notice) << '\n';
  }
}

schemas::Result<Session> open_session(const Common& common, Terminal& terminal) {
  auto session = Session::prepare(common, Use::kOther);
  if (!session) return session;
  print_notices(session->identity(), terminal);
  if (auto connected = session->connect(); !connected) {
    return tl::make_unexpected(connected.error());
  }
  return session;
}

ExitStatus fail_with(const schemas::Error& error, Terminal& terminal) {
  // Lines stay lines (the end of a log); those that follow are set off, so that none passes for
  // ours.
  std::istringstream lines("estop: " + to_string(error));
  std::string indent;
  for (std::string line; std::getline(lines, line); indent = "  ") {
    terminal.err << indent << shown(line) << '\n';
  }
  return exit_status(error.code);
}

ExitStatus fail_late(const schemas::Error& error, Terminal& terminal) {
  fail_with(error, terminal);
  return late_status(error.code);
}

bool can_ask(std::string_view verb, bool yes, Terminal& terminal) {
  if (yes || terminal.is_interactive) return true;
  terminal.err << fmt::format(
      "estop: {} shows what it does and asks, and there is no terminal to ask on; nothing was "
      "done; "
      "--yes does it unasked\n",
      verb);
  return false;
}

bool agrees(std::string_view question, bool yes, Terminal& terminal) {
  if (yes) return true;
  terminal.err << question << " [y/N] " << std::flush;
  std::string line;
  std::getline(terminal.in, line);
  return line == "y" || line == "Y" || line == "yes";
}

ExitStatus finish(ExitStatus status, std::string_view what, Terminal& terminal) {
  errno = 0;
  if (terminal.out.flush()) return status;
  const std::string cause = errno != 0 ? std::strerror(errno) : "write error";
  terminal.err << fmt::format("estop: standard output did not take the answer ({}); {}\n", cause,
                              what)
               << std::flush;
  return status == ExitStatus::kOk ? ExitStatus::kFailure : status;
}

ExitStatus run(const Invocation& invocation, Terminal& terminal) {
  const ExitStatus status =
      std::visit(Run{invocation.common, invocation.command, terminal}, invocation.command);
  const bool is_order = std::holds_alternative<Kill>(invocation.command) ||
                        std::holds_alternative<Resume>(invocation.command) ||
                        std::holds_alternative<Approve>(invocation.command);
  if (is_order && status == ExitStatus::kOk) {
    return finish(status, "the order itself is confirmed in full", terminal);
  }
  return finish(status, "nothing else is known to have failed", terminal);
}

}  // namespace estop::cli
