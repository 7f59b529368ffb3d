// SPDX-License-Identifier: Apache-2.0

// The files on disk: a data folder's run.json and credentials, and the programs of this build.
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

// Locks a data folder for one `up` at a time; makes the folder (0700) if it is missing.
// kStoreUnavailable: held by another `up` (the error gives its process id), or not writable.
[[nodiscard]] schemas::Result<daemon::FileLock> hold_folder(const std::string& data);

// The file in which `up` describes what it runs: <data>/run.json, there while it runs.
struct RunFile {
  pid_t pid = 0;             // of `up`
  std::string url;           // of the broker
  std::string control_http;  // http://127.0.0.1:… (metrics, livez, readyz)
  std::string bridge_http;
  friend bool operator==(const RunFile&, const RunFile&) = default;
};
[[nodiscard]] schemas::Result<void> write_run_file(const std::string& data, const RunFile& run);
// nullopt: none, or unreadable. It may be a leftover of a crash: hold_folder finds out whether an
// `up` runs.
[[nodiscard]] std::optional<RunFile> read_run_file(const std::string& data);
void remove_run_file(const std::string& data);

// The keys of a data folder. kNotFound: it is none; this function does not make one.
[[nodiscard]] schemas::Result<control::Keyring> keys_of(const std::string& data);
// Path of the credentials file of a role in a data folder, made on first use. If the operator is a
// viewer or an admin, it takes that role. kStoreUnavailable and friends say what to do. A data
// folder that does not exist is kNotFound; this function does not make one.
[[nodiscard]] schemas::Result<std::string> creds_of(const std::string& data,
                                                    const control::Role& role,
                                                    control::Account account);

[[nodiscard]] std::uint64_t now_s();  // since 1970, by the wall clock

// Finds a program in this order: `bin_dir` if given, the build tree or installation of `self` (the
// path of this executable), PATH. kNotFound names the program and every place that was searched.
[[nodiscard]] schemas::Result<std::string> find_program(const std::string& name,
                                                        const std::string& bin_dir,
                                                        const std::string& self,
                                                        const std::string& path);
[[nodiscard]] std::string own_executable();  // /proc/self/exe

}  // namespace estop::cli
