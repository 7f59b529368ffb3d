// SPDX-License-Identifier: Apache-2.0
#include "control/cli/installation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "broker-bridge/daemon/boot_clock.h"
#include "broker-bridge/daemon/files.h"
#include "control/auth/credentials.h"
#include "control/cli/answer.h"
#include "control/cli/read_text.h"
#include "control/cli/text.h"
#include "schemas/subjects.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::fail;
using schemas::Result;

fs::path run_file(const std::string& data) {
  return fs::path(data) / "run.json";
}

// Where a program lies below the root of a build tree, as CMake makes it; others lie flat beside
// each other.
fs::path in_build_tree(const std::string& name) {
  if (name == "estop-bridge") return "broker-bridge/app/estop-bridge";
  if (name == "estop-control") return "control/app/estop-control";
  return name;
}

std::vector<fs::path> places(const std::string& name, const std::string& bin_dir,
                             const std::string& self, const std::string& path) {
  std::vector<fs::path> found;
  if (!bin_dir.empty()) {
    found.push_back(fs::path(bin_dir) / name);
    found.push_back(fs::path(bin_dir) / in_build_tree(name));
  }
  const fs::path own =
      fs::path(self).parent_path();  // <build>/release/control/cli, or <prefix>/bin
  found.push_back(own / name);
  const fs::path build = own.parent_path().parent_path();
  found.push_back(build / in_build_tree(name));
  found.push_back(build.parent_path() / "tools/bin" / name);  // what `run` unpacked
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) found.push_back(fs::path(path.substr(at, end - at)) / name);
    at = end + 1;
  }
  for (const char* folder : {"/usr/local/sbin", "/usr/sbin"})
    found.push_back(fs::path(folder) / name);
  return found;
}

// The role that an operator of this name has already, if any.
Result<control::Role> as_issued(const std::string& data, const control::Keyring& keys,
                                const control::Role& role) {
  const auto* asked = std::get_if<control::OperatorRole>(&role);
  if (asked == nullptr || asked->is_admin) return role;
  const auto all = control::list_credentials(data, keys);
  if (!all) return tl::make_unexpected(all.error());
  control::Role found = role;
  for (const control::Credential& one : *all) {
    const bool is_person = std::holds_alternative<control::OperatorRole>(one.role) ||
                           std::holds_alternative<control::ViewerRole>(one.role);
    if (is_person && person(one.role) == person(role)) found = one.role;
  }
  return found;
}

}  // namespace

Result<daemon::FileLock> hold_folder(const std::string& data) {
  std::error_code error;
  if (fs::create_directories(data, error)) fs::permissions(data, fs::perms::owner_all, error);
  if (!error) return daemon::FileLock::take(data + "/up.lock", "another `estop up`");
  return fail(
      Errc::kStoreUnavailable,
      fmt::format("{}: {}; name a folder that you may write with --data", data, error.message()));
}

Result<void> write_run_file(const std::string& data, const RunFile& run) {
  const nlohmann::json content{{"pid", run.pid},
                               {"url", run.url},
                               {"control_http", run.control_http},
                               {"bridge_http", run.bridge_http}};
  return daemon::replace_file(run_file(data), json_text(content, 2) + '\n');
}

std::optional<RunFile> read_run_file(const std::string& data) {
  const nlohmann::json parsed = parse_answer(read_text(run_file(data)));
  if (text(parsed, "url").empty()) return std::nullopt;
  return RunFile{static_cast<pid_t>(number(parsed, "pid")), text(parsed, "url"),
                 text(parsed, "control_http"), text(parsed, "bridge_http")};
}

void remove_run_file(const std::string& data) {
  std::error_code ignored;
  fs::remove(run_file(data), ignored);
}

std::uint64_t now_s() {
  return daemon::wall_ms() / 1'000;
}

Result<control::Keyring> keys_of(const std::string& data) {
  std::error_code error;
  if (fs::is_directory(fs::path(data) / "keys", error)) return control::open_keyring(data);
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Errc::kStoreUnavailable, fmt::format("{}: {}", data, error.message()));
  }
  return fail(Errc::kNotFound,
              fmt::format("{} is no data folder: name one with --data or ESTOP_DATA, or start one "
                          "with `estop up --data {}`",
                          data, shell_quoted(data)));
}

Result<std::string> creds_of(const std::string& data, const control::Role& role,
                             control::Account account) {
  auto keys = keys_of(data);
  if (!keys) return tl::make_unexpected(keys.error());
  const auto taken = as_issued(data, *keys, role);
  if (!taken) return tl::make_unexpected(taken.error());
  return control::open_creds(data, *keys, *taken, account, schemas::Subjects::standard(), now_s());
}

Result<std::string> find_program(const std::string& name, const std::string& bin_dir,
                                 const std::string& self, const std::string& path) {
  std::string looked;
  for (const fs::path& place : places(name, bin_dir, self, path)) {
    if (::access(place.c_str(), X_OK) == 0 && fs::is_regular_file(place)) return place.string();
    looked += (looked.empty() ? "" : ", ") + place.parent_path().string();
  }
  return fail(
      Errc::kNotFound,
      fmt::format("there is no program {}: build or install it, or name its folder with --bin-dir "
                  "(looked in {})",
                  name, looked));
}

std::string own_executable() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).string();
}

}  // namespace estop::cli
