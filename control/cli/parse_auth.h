// SPDX-License-Identifier: Apache-2.0

// The `auth` commands of the command line. Private to `parse`.
#pragma once

#include <functional>
#include <string>

#include "control/cli/invocation.h"

namespace CLI {
class App;
}

namespace estop::cli {

// The words typed after `auth`: CLI11 writes here.
struct TypedAuth {
  std::string name, role, scope, out, reason;
};

using Make = std::function<Command()>;  // throws Misuse
using AddCommand =
    std::function<CLI::App*(CLI::App& parent, const char* name, const char* help, Make make)>;

// Adds `auth` and its subcommands to `app`. `typed` and `up` must outlive it.
void add_auth(CLI::App& app, TypedAuth& typed, Up& up, const AddCommand& add);

}  // namespace estop::cli
