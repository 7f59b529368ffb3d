// SPDX-License-Identifier: Apache-2.0

// What each command does, from the checked command line to the exit code.
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
  std::string command_name;     // how hints name this program
};

// Looks at the end whether standard output took everything: an answer that nobody got is a failure.
// Blocks until done; Ctrl-C ends it by the signal's default action, except in `up`, which stops
// what it started.
[[nodiscard]] ExitStatus run(const Invocation& invocation, Terminal& terminal);
// `status`, or kFailure instead of kOk if standard output did not take all; `what` is said with it.
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

// Whom it acts as, where that is not plain, on standard error.
void print_notices(const Identity& identity, Terminal& terminal);
// A connected session, after its notices.
[[nodiscard]] schemas::Result<Session> open_session(const Common& common, Terminal& terminal);

// Before anything is sent: what opens something, or cannot be taken back, is shown to a person
// first, unless it is said that nobody is there. False: nobody can be asked; it says so.
[[nodiscard]] bool can_ask(std::string_view verb, bool yes, Terminal& terminal);
// False: a person at the terminal said no.
[[nodiscard]] bool agrees(std::string_view question, bool yes, Terminal& terminal);

// Says it on standard error and returns its exit code.
ExitStatus fail_with(const schemas::Error& error, Terminal& terminal);
// The same after something was done or sent: never kUsage.
ExitStatus fail_late(const schemas::Error& error, Terminal& terminal);

}  // namespace estop::cli
