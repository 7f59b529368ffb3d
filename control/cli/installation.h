// SPDX-License-Identifier: Apache-2.0

// What stands on disk: a data folder's run.json and credentials, and the programs of this build.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker-bridge/daemon/file_lock.h"
#include "control/auth/auth.h"
#include "schemas/result.h"

namespace estop::cli {

// One `up` at a time in a data folder, which is made (0700) if missing. kStoreUnavailable: held by
// another `up` (whose process id it tells), or not writable.
[[nodiscard]] schemas::Result<daemon::FileLock> hold_folder(const std::string& data);

// What `up` tells everybody else about what it runs: <data>/run.json, there while it runs.
struct RunFile {
  pid_t pid = 0;             // of `up`
  std::string url;           // of the broker
  std::string control_http;  // http://127.0.0.1:… (metrics, livez, readyz)
  std::string bridge_http;
  friend bool operator==(const RunFile&, const RunFile&) = default;
};
[[nodiscard]] schemas::Result<void> write_run_file(const std::string& data, const RunFile& run);
// nullopt: none, or not readable as one. It may be what a crash left: hold_folder tells who is
// alive.
[[nodiscard]] std::optional<RunFile> read_run_file(const std::string& data);
void remove_run_file(const std::string& data);

// The keys of a data folder. kNotFound: it is none; it is not made by asking.
[[nodiscard]] schemas::Result<control::Keyring> keys_of(const std::string& data);
// Path of the credentials file of a role in a data folder, made on first use. An operator who
// was made a viewer or an admin is taken as that. kStoreUnavailable and
// friends say what to do: a data folder that does not exist is kNotFound, it is not made by asking.
[[nodiscard]] schemas::Result<std::string> creds_of(const std::string& data,
                                                    const control::Role& role,
                                                    control::Account account);

[[nodiscard]] std::uint64_t now_s();  // since 1970, by the wall clock

// Where programs are found, in this order: `bin_dir` if given, the build tree or installation that
// `self` (the path of this executable) lies in, PATH. kNotFound names the program and every place
// that was looked at.
[[nodiscard]] schemas::Result<std::string> find_program(const std::string& name,
                                                        const std::string& bin_dir,
                                                        const std::string& self,
                                                        const std::string& path);
[[nodiscard]] std::string own_executable();  // /proc/self/exe

}  // namespace estop::cli
