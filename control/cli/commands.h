// SPDX-License-Identifier: Apache-2.0

// The work of each command, from the checked command line to the exit code.
//
// Standard output carries the answer and nothing else, standard error the rest, so that `-o json`
// can be piped.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "control/cli/identity.h"
#include "control/cli/invocation.h"
#include "control/cli/session.h"

namespace estop::cli {

struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool is_interactive = false;  // a person can be asked
  std::string search_path;      // PATH, for `up`
  std::string command_name;     // the name of this program in hints
};

// Runs the command and returns its exit code. It checks at the end whether standard output took
// everything: a lost answer is a failure. Blocks until done; Ctrl-C ends it by the signal's default
// action, except in `up`, which stops the programs that it started.
[[nodiscard]] ExitStatus run(const Invocation& invocation, Terminal& terminal);
// `status`, or kFailure instead of kOk if standard output did not take all; the message then
// contains `what`.
[[nodiscard]] ExitStatus finish(ExitStatus status, std::string_view what, Terminal& terminal);

// One per family; `run` picks.
[[nodiscard]] ExitStatus run_kill(const Common& common, const Kill& kill, Terminal& terminal);
[[nodiscard]] ExitStatus run_resume(const Common& common, const Resume& resume, Terminal& terminal);
[[nodiscard]] ExitStatus run_approve(const Common& common, const Approve& approve,
                                     Terminal& terminal);
[[nodiscard]] ExitStatus run_question(const Common& common, const Command& question,
                                      Terminal& terminal);
[[nodiscard]] ExitStatus run_watch(const Common& common, const Watch& watch, Terminal& terminal);
[[nodiscard]] ExitStatus run_export(const Common& common, const AuditExport& audit,
                                    Terminal& terminal);
[[nodiscard]] ExitStatus run_cut(const Common& common, const CutAudit& cut, Terminal& terminal);
[[nodiscard]] ExitStatus run_verify_files(const Common& common, const AuditVerify& verify,
                                          Terminal& terminal);
[[nodiscard]] ExitStatus run_auth_issue(const Common& common, const AuthIssue& issue,
                                        Terminal& terminal);
[[nodiscard]] ExitStatus run_auth_list(const Common& common, Terminal& terminal);
[[nodiscard]] ExitStatus run_auth_rotate(const Common& common, const AuthRotate& rotate,
                                         Terminal& terminal);
[[nodiscard]] ExitStatus run_auth_revoke(const Common& common, const AuthRevoke& revoke,
                                         Terminal& terminal);
[[nodiscard]] ExitStatus run_carry(const Common& common, const Carry& carry, Terminal& terminal);
[[nodiscard]] ExitStatus run_up(const Common& common, const Up& up, Terminal& terminal);

// Prints on standard error in whose name the command acts, where that is not plain.
void print_notices(const Identity& identity, Terminal& terminal);
// A connected session, after its notices.
[[nodiscard]] schemas::Result<Session> open_session(const Common& common, Terminal& terminal);

// Before anything is sent: a person must see a command that opens something or cannot be undone,
// unless `yes` says that nobody is there. False: there is nobody to ask; it reports that.
[[nodiscard]] bool can_ask(std::string_view verb, bool yes, Terminal& terminal);
// False: a person at the terminal said no.
[[nodiscard]] bool agrees(std::string_view question, bool yes, Terminal& terminal);

// Prints the error on standard error and returns its exit code.
ExitStatus fail_with(const schemas::Error& error, Terminal& terminal);
// The same after something was done or sent: never kUsage.
ExitStatus fail_late(const schemas::Error& error, Terminal& terminal);

}  // namespace estop::cli
