// Keys and credentials in a data folder.
//
// All keys are written into a folder beside `keys` that is then renamed to it: a crash leaves
// either no keys or all of them, and two that start at once agree on one set.
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "control/auth/auth.h"
#include "control/auth/claims.h"
#include "control/auth/private_file.h"

namespace estop::control {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::KeyRole;
using schemas::Result;
using schemas::SigningKey;

constexpr std::string_view kSeedSuffix = ".seed";
constexpr const char* kLogKey = "log";

template <class T>
tl::unexpected<schemas::Error> passed_on(const Result<T>& failed) {
  return tl::make_unexpected(failed.error());
}

std::string seed_path(const std::string& keys, std::string_view name) {
  return keys + '/' + std::string(name) + std::string(kSeedSuffix);
}

std::string log_public_path(const std::string& keys) {
  return keys + "/log.pub";
}

// --- Keys ---

Result<void> write_key(const std::string& keys, std::string_view name, const SigningKey& key) {
  return write_private_file(seed_path(keys, name), key.seed_text() + '\n', Write::kCreate);
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
  return write_private_file(log_public_path(keys), log.public_text() + '\n', Write::kCreate);
}

Result<void> make_keys(const std::string& keys) {
  std::string staged = keys + ".XXXXXX";
  if (::mkdtemp(staged.data()) == nullptr) return file_failure(keys, "cannot make keys beside it");
  auto written = write_new_keys(staged);
  if (written && ::rename(staged.c_str(), keys.c_str()) == 0) return written;
  // A folder that is not empty stands there: somebody else was first, and theirs are the keys.
  const bool overtaken = written && (errno == ENOTEMPTY || errno == EEXIST);
  if (written && !overtaken) written = file_failure(keys, "cannot put the new keys in place");
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
    if (auto synced = sync_folder(folder); !synced) return passed_on(synced);
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

// --- Credentials ---

std::string creds_file(const Role& role, Account account) {
  const bool several =
      std::holds_alternative<BridgeRole>(role) || std::holds_alternative<ControlRole>(role);
  constexpr std::array<std::string_view, 3> kSuffixes{"-agents", "-control", "-sys"};
  const std::string suffix(several ? kSuffixes[static_cast<std::size_t>(account)] : "");
  return name(role) + suffix + ".creds";
}

// Another role that has this role's name, if any: its file. Both would read the same inbox.
std::optional<std::string> rival_file(const std::string& creds, const Role& role) {
  const std::string self = name(role);
  if (std::holds_alternative<AgentRole>(role) || std::holds_alternative<ControlRole>(role)) {
    return std::nullopt;
  }
  const schemas::Segment own = *schemas::Segment::parse(self.substr(self.find('-') + 1));
  for (const Role& rival :
       {Role(BridgeRole{own}), Role(OperatorRole{own}), Role(ViewerRole{own})}) {
    const std::string path = creds + '/' + creds_file(rival, Account::kControl);
    if (rival.index() != role.index() && file_exists(path)) return path;
  }
  return std::nullopt;
}

std::string_view jwt_part(std::string_view creds) {
  constexpr std::string_view kBegin = "-----BEGIN NATS USER JWT-----\n";
  const std::size_t begin = creds.find(kBegin);
  if (begin == std::string_view::npos) return {};
  creds.remove_prefix(begin + kBegin.size());
  return creds.substr(0, creds.find('\n'));
}

struct Found {
  SigningKey user;
  Permissions allowed;
};

Result<Found> read_creds(const std::string& path, const SigningKey& account) {
  const auto text = read_private_file(path);
  if (!text) return passed_on(text);
  auto user = schemas::key_from_creds(*text);
  auto claims = read_user_jwt(jwt_part(*text));
  if (!user || !claims || claims->user != user->public_text() || !text->ends_with("------\n")) {
    return fail(Errc::kStoreUnavailable,
                path + ": damaged or half written; remove it to have a new one made");
  }
  if (claims->issuer != account.public_text()) {
    return fail(Errc::kStoreUnavailable, path + ": made for other keys; remove it");
  }
  const bool plain = !claims->has_deny && !claims->has_responses;
  return Found{std::move(*user), plain ? std::move(claims->allowed) : Permissions{}};
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

Result<std::string> open_creds(const std::string& folder, const Keyring& keys, const Role& role,
                               Account account, const schemas::Subjects& subjects,
                               std::uint64_t issued_at_s) {
  const auto allowed = permissions(role, account, subjects);
  if (!allowed) {
    return fail(Errc::kBadArgument,
                name(role) + " has no user in the account " + std::string(name(account)));
  }
  if (const auto linted = lint_permissions(*allowed); !linted) return passed_on(linted);
  const std::string creds = folder + "/creds";
  if (const auto made = make_folder(folder); !made) return passed_on(made);
  if (const auto opened = open_private_folder(creds); !opened) return passed_on(opened);
  if (const auto rival = rival_file(creds, role)) {
    return fail(Errc::kBadArgument, name(role) + ": the name is taken by " + *rival);
  }
  const std::string path = creds + '/' + creds_file(role, account);
  if (!file_exists(path)) {
    const auto written = write_private_file(
        path, make_creds(keys, role, account, subjects, issued_at_s), Write::kCreate);
    if (!written) return passed_on(written);
    return path;
  }
  const auto found = read_creds(path, keys.account(account));
  if (!found) return passed_on(found);
  if (found->allowed == *allowed) return path;
  const std::string text = creds_text(found->user, keys, role, account, *allowed, issued_at_s);
  if (const auto written = write_private_file(path, text, Write::kReplace); !written) {
    return passed_on(written);
  }
  return path;
}

}  // namespace estop::control
