// SPDX-License-Identifier: Apache-2.0

// Keys in a data folder.
//
// All keys are written into a folder beside `keys` that is then renamed to it: a crash leaves
// either no keys or all of them, and two that start at once agree on one set.
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "broker-bridge/daemon/files.h"
#include "control/auth/auth.h"
#include "control/auth/private_file.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::KeyRole;
using schemas::passed_on;
using schemas::Result;
using schemas::SigningKey;

constexpr std::string_view kSeedSuffix = ".seed";
constexpr const char* kLogKey = "log";

std::string seed_path(const std::string& keys, std::string_view name) {
  return keys + '/' + std::string(name) + std::string(kSeedSuffix);
}

std::string log_public_path(const std::string& keys) {
  return keys + "/log.pub";
}

// --- Keys ---

Result<void> write_key(const std::string& keys, std::string_view name, const SigningKey& key) {
  return daemon::write_private_file(seed_path(keys, name), key.seed_text() + '\n',
                                    daemon::Write::kCreate);
}

Result<void> write_new_keys(const std::string& keys) {
  const Keyring ring = Keyring::generate();
  const SigningKey log = SigningKey::generate(KeyRole::kUser);
  const std::array<std::pair<const char*, const SigningKey*>, 5> files{{
      {"operator", &ring.operator_key},
      {"agents", &ring.agents_account},
      {"control", &ring.control_account},
      {"sys", &ring.sys_account},
      {kLogKey, &log},
  }};
  for (const auto& [name, key] : files) {
    if (auto written = write_key(keys, name, *key); !written) return written;
  }
  return daemon::write_private_file(log_public_path(keys), log.public_text() + '\n',
                                    daemon::Write::kCreate);
}

Result<void> make_keys(const std::string& keys) {
  std::string staged = keys + ".XXXXXX";
  if (::mkdtemp(staged.data()) == nullptr)
    return daemon::file_failure(keys, "cannot make keys beside it");
  auto written = write_new_keys(staged);
  if (written && ::rename(staged.c_str(), keys.c_str()) == 0) return written;
  // A folder that is not empty stands there: somebody else was first, and theirs are the keys.
  const bool overtaken = written && (errno == ENOTEMPTY || errno == EEXIST);
  if (written && !overtaken)
    written = daemon::file_failure(keys, "cannot put the new keys in place");
  std::error_code ignored;
  std::filesystem::remove_all(staged, ignored);
  return written;
}

// The folder of the keys, made on first use.
Result<std::string> open_keys(const std::string& folder) {
  const std::string keys = folder + "/keys";
  if (auto made = make_folder(folder); !made) return passed_on(made);
  std::error_code ignored;
  if (!file_exists(keys) || std::filesystem::is_empty(keys, ignored)) {
    if (auto made = make_keys(keys); !made) return passed_on(made);
    if (auto synced = daemon::sync_folder(folder); !synced) return passed_on(synced);
  }
  if (auto opened = open_private_folder(keys); !opened) return passed_on(opened);
  return keys;
}

Result<SigningKey> read_key(const std::string& keys, std::string_view name, KeyRole role) {
  const std::string path = seed_path(keys, name);
  const auto text = read_private_file(path);
  if (!text) return passed_on(text);
  // Exactly a seed and its line end: what was cut short or added to is not what was written.
  auto key = text->ends_with('\n')
                 ? SigningKey::from_seed(std::string_view(*text).substr(0, text->size() - 1))
                 : Result<SigningKey>(fail(Errc::kBadArgument, "it has no end"));
  if (!key || key->role() != role) {
    return fail(Errc::kStoreUnavailable,
                path + ": damaged or half written (" +
                    (key ? std::string("a key of another kind") : key.error().detail) +
                    "); restore it from a backup");
  }
  return key;
}

}  // namespace

Result<Keyring> open_keyring(const std::string& folder) {
  const auto keys = open_keys(folder);
  if (!keys) return passed_on(keys);
  auto operator_key = read_key(*keys, "operator", KeyRole::kOperator);
  if (!operator_key) return passed_on(operator_key);
  auto agents = read_key(*keys, "agents", KeyRole::kAccount);
  if (!agents) return passed_on(agents);
  auto control = read_key(*keys, "control", KeyRole::kAccount);
  if (!control) return passed_on(control);
  auto sys = read_key(*keys, "sys", KeyRole::kAccount);
  if (!sys) return passed_on(sys);
  return Keyring{std::move(*operator_key), std::move(*agents), std::move(*control),
                 std::move(*sys)};
}

Result<SigningKey> open_log_key(const std::string& folder) {
  const auto keys = open_keys(folder);
  if (!keys) return passed_on(keys);
  auto key = read_key(*keys, kLogKey, KeyRole::kUser);
  if (!key) return key;
  const auto text = read_private_file(log_public_path(*keys));
  if (!text) return passed_on(text);
  if (*text != key->public_text() + '\n') {
    return fail(Errc::kStoreUnavailable,
                log_public_path(*keys) + ": is not of log.seed; restore both from one backup");
  }
  return key;
}

}  // namespace estop::control
