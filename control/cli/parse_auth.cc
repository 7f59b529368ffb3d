// SPDX-License-Identifier: Apache-2.0
#include "control/cli/parse_auth.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "control/cli/misuse.h"
#include "control/cli/text.h"
#include "control/cli/typed.h"

namespace estop::cli {
namespace {

using schemas::Address;
using schemas::Segment;

Segment name_of(const TypedAuth& typed) {
  auto name = Segment::parse(typed.name);
  if (!name || name->text() == "control") {
    refuse(fmt::format("'{}' is no name: a-z, 0-9, '-' and '_', such as alice, but not control",
                       shown(typed.name)));
  }
  return *name;
}

control::Role operator_of(const TypedAuth& typed) {
  const Segment name = name_of(typed);
  if (typed.role == "viewer") {
    if (!typed.scope.empty())
      refuse("a viewer looks at everything: --scope is for who gives orders");
    return control::ViewerRole{name};
  }
  const auto reach =
      typed.scope.empty() ? schemas::Scope::fleet() : checked(schemas::Scope::parse(typed.scope));
  return control::OperatorRole{name, typed.role == "admin", reach};
}

// An address has slashes, no other name has.
std::string who_of(const TypedAuth& typed) {
  if (typed.name.find('/') != std::string::npos) return checked(Address::parse(typed.name)).text();
  if (typed.name == "control") return typed.name;
  return name_of(typed).text();
}

void add_issuing(CLI::App& auth, TypedAuth& typed, const AddCommand& add) {
  CLI::App* agent =
      add(auth, "agent", "print the path of an agent's credentials, made if missing", [&typed] {
        return AuthIssue{control::AgentRole{checked(Address::parse(typed.name))}, typed.out, false,
                         false};
      });
  agent->add_option("address", typed.name, "org/workspace/name")->required();
  CLI::App* person = add(auth, "operator", "the same for a person", [&typed] {
    return AuthIssue{operator_of(typed), typed.out, typed.scope.empty(), typed.role.empty()};
  });
  person->add_option("name", typed.name, "as the audit shows it")->required();
  person
      ->add_option("--role", typed.role,
                   "viewer: looks; operator: kills and resumes; admin: revokes, too. As before, or "
                   "operator")
      ->check(CLI::IsMember({"viewer", "operator", "admin"}));
  person->add_option("--scope", typed.scope,
                     "give orders for this part of the fleet only: org/*, org/workspace/* or an "
                     "address");
  for (CLI::App* one : {agent, person}) {
    one->add_option("--out", typed.out, "also write it to this new file");
  }
  add(auth, "bridge", "the same for a bridge: a file for each of its accounts",
      [&typed] {
        return AuthIssue{control::BridgeRole{name_of(typed)}, {}, false, false};
      })
      ->add_option("name", typed.name, "its id")
      ->required();
  add(auth, "control", "the same for control", [] {
    return AuthIssue{control::ControlRole{}, {}, false, false};
  });
}

}  // namespace

void add_auth(CLI::App& app, TypedAuth& typed, Up& up, const AddCommand& add) {
  CLI::App* auth = app.add_subcommand("auth", "credentials of the data folder");
  auth->require_subcommand(1);
  add(*auth, "init", "make keys, credentials and broker.conf; start nothing", [&up] {
    up.init_only = true;
    return up;
  });
  add_issuing(*auth, typed, add);
  add(*auth, "ls", "who was given a credential, and whether it holds", [] { return AuthList{}; });
  add(*auth, "rotate", "a new key; the old one is revoked",
      [&typed] { return AuthRotate{who_of(typed)}; })
      ->add_option("who", typed.name, "an address or a name")
      ->required();
  CLI::App* revoke = add(*auth, "revoke", "refuse somebody's credentials from now on", [&typed] {
    return AuthRevoke{who_of(typed), reason_of(typed.reason, "revoke", "laptop is lost")};
  });
  revoke->add_option("who", typed.name, "an address or a name")->required();
  revoke->add_option("-r,--reason", typed.reason, "why; goes into the audit");
}

}  // namespace estop::cli
