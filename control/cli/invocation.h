// SPDX-License-Identifier: Apache-2.0

// A parsed and checked command line. Pure: it opens and sends nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "control/auth/auth.h"
#include "control/cli/exit_status.h"
#include "schemas/address.h"
#include "schemas/limits.h"

namespace estop::cli {

enum class Format : std::uint8_t {
  kTable,
  kWide,   // a table with more columns
  kJson,   // one JSON array
  kJsonl,  // one JSON object a line, as they come
};

// The source of the operator's name.
enum class NamedBy : std::uint8_t {
  kNobody,  // $USER is no operator's name, or unset
  kUser,    // $USER
  kOption,  // --as
};

struct Common {
  std::string data = "estop-data";  // folder of keys, credentials and run.json
  std::string url;                  // empty: the url in `up`'s run.json, else the local default
  std::string creds;                // empty: the operator's file in the data folder
  // PEM file of a CA: TLS only, to a broker with a certificate of it; empty: not asked for.
  std::string tls_ca;
  std::string operator_name = "operator";
  NamedBy named_by = NamedBy::kNobody;
  std::string user;  // $USER as it is
  Format format = Format::kTable;
  std::optional<std::uint32_t> timeout_ms;  // unset: 5 s for questions, 15 s for orders
  std::string bin_dir;  // where `up` looks first for the programs that it starts
};

struct Up {
  int port = 4222;  // 0: any free one
  std::vector<schemas::Address> agents;
  std::string bridge = "bridge-1";
  std::vector<std::string> second_operator;  // orders that need one: resume, fleet-kill
  std::uint32_t revoke_silent = 0;           // of control; 0: never
  bool init_only = false;  // make keys, credentials and broker.conf, start nothing
};
struct Kill {
  schemas::Scope scope;
  std::string reason;
  bool now = false;
  std::uint32_t grace_ms = schemas::kGrace_ms;
  std::vector<std::string> wait;  // empty: control's default, all stages
  std::string op_id;              // empty: a new order
  bool revoke = false;            // withdraw the credentials at the broker, too
};
struct Resume {
  schemas::Scope scope;
  std::string reason;
  std::vector<std::string> wait;  // empty: durable and opened
  std::string op_id;
  bool yes = false;  // do not ask
};
struct Approve {
  std::string op_id;  // of the order that waits
  std::string reason;
  bool yes = false;  // do not ask
};
struct Ps {
  std::optional<schemas::Scope> filter;
};
struct Get {
  schemas::Address address;
};
struct Watch {
  std::optional<schemas::Scope> filter;
  // Begin with the events after this number; unset: from now on.
  std::optional<std::uint64_t> after;
};
struct AuditList {
  std::uint32_t limit = 50;
  std::uint64_t after = 0;
  std::string kind;
  std::string subject;
  std::string op_id;
};
struct AuditExport {
  std::uint64_t after = 0;
  std::uint64_t through = 0;  // 0: to the end
  std::string out;            // empty: standard output
};
struct AuditVerify {
  std::vector<std::string> files;  // exports, the oldest first; none: only what control has
};
struct CutAudit {
  std::string file;           // an export
  std::uint64_t through = 0;  // 0: all that the file has
  std::string kept_at;        // empty: the path of the file on this machine
  std::string reason;
  bool yes = false;  // do not ask
};
struct Status {};
struct Version {};
struct Carry {
  std::string from;  // data folders
  std::string to;
};
struct AuthIssue {
  control::Role role;
  std::string out;  // a copy goes there; empty: none
  // Of an operator who had a credential before: nothing was said of it.
  bool keeps_scope = false;
  bool keeps_role = false;
};
struct AuthList {};
struct AuthRotate {
  std::string who;  // an address, or the name of an operator, viewer, bridge, or `control`
};
struct AuthRevoke {
  std::string who;
  std::string reason;
};

using Command =
    std::variant<Up, Kill, Resume, Approve, Ps, Get, Watch, AuditList, AuditExport, AuditVerify,
                 CutAudit, Status, Version, Carry, AuthIssue, AuthList, AuthRotate, AuthRevoke>;

struct Invocation {
  Common common;
  Command command;
};

// The environment as main.cc read it; empty if unset.
struct Environment {
  std::string data;          // ESTOP_DATA
  std::string user;          // USER: the operator's name in the audit, if it is a valid one
  std::string command_name;  // ESTOP_COMMAND: this program's name in hints; default "estop"
};

struct Parsed {
  std::optional<Invocation> invocation;  // nothing: print `text` and exit
  ExitStatus status = ExitStatus::kOk;   // kOk: help; kUsage: the mistake and the right form
  std::string text;
};

[[nodiscard]] Parsed parse(std::vector<std::string> arguments, const Environment& environment);

}  // namespace estop::cli
