// SPDX-License-Identifier: Apache-2.0
#include "control/auth/register.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "broker-bridge/daemon/files.h"
#include "control/auth/claims.h"
#include "control/auth/private_file.h"

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;
using schemas::Result;
using schemas::Segment;

constexpr std::size_t kRegisterMax_bytes = 32 * 1024 * 1024;

struct Person {
  std::string operator()(const AgentRole& role) const { return role.address.text(); }
  std::string operator()(const BridgeRole& role) const { return role.id.text(); }
  std::string operator()(const ControlRole&) const { return "control"; }
  std::string operator()(const OperatorRole& role) const { return role.name.text(); }
  std::string operator()(const ViewerRole& role) const { return role.name.text(); }
};

struct Kind {
  std::string_view operator()(const AgentRole&) const { return "agent"; }
  std::string_view operator()(const BridgeRole&) const { return "bridge"; }
  std::string_view operator()(const ControlRole&) const { return "control"; }
  std::string_view operator()(const OperatorRole& role) const {
    return role.is_admin ? "admin" : "operator";
  }
  std::string_view operator()(const ViewerRole&) const { return "viewer"; }
};

std::optional<Role> role_of(const std::string& kind, const std::string& person,
                            const std::string& reach) {
  if (kind == "agent") {
    auto address = schemas::Address::parse(person);
    return address ? std::optional<Role>(AgentRole{*address}) : std::nullopt;
  }
  if (kind == "control") return ControlRole{};
  auto name = Segment::parse(person);
  if (!name) return std::nullopt;
  if (kind == "bridge") return BridgeRole{*name};
  if (kind == "viewer") return ViewerRole{*name};
  if (kind == "operator" || kind == "admin") {
    const auto scope = schemas::Scope::parse(reach);
    if (scope) return OperatorRole{*name, kind == "admin", *scope};
  }
  return std::nullopt;
}

// Throws json::exception on a line of another shape; nullopt: names that cannot be.
std::optional<Credential> credential_in(const json& line) {
  const auto role = role_of(line.at("role").get<std::string>(), line.at("name").get<std::string>(),
                            line.value("scope", "*"));
  const auto account = line.at("account").get<std::string>();
  const auto* found = std::find_if(kAccounts.begin(), kAccounts.end(),
                                   [&](Account one) { return name(one) == account; });
  if (!role || found == kAccounts.end()) return std::nullopt;
  return Credential{*role, *found, line.at("user").get<std::string>(),
                    line.at("issued_at_s").get_ref<const json::number_unsigned_t&>()};
}

Result<std::string> read_lines(const std::string& folder) {
  const std::string path = register_path(folder);
  if (!file_exists(path)) return std::string();
  return read_private_file(path, kRegisterMax_bytes);
}

}  // namespace

std::string person(const Role& role) {
  return std::visit(Person{}, role);
}
std::string_view kind(const Role& role) noexcept {
  return std::visit(Kind{}, role);
}
schemas::Scope reach_of(const Role& role) {
  const auto* person = std::get_if<OperatorRole>(&role);
  return person == nullptr ? schemas::Scope::fleet() : person->reach;
}
std::string register_path(const std::string& folder) {
  return folder + "/credentials.jsonl";
}

Result<std::vector<Credential>> credentials_in(const std::string& lines) {
  std::vector<Credential> found;
  std::unordered_map<std::string, std::size_t> places;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    std::optional<Credential> one;
    try {
      one = credential_in(json::parse(line));
    } catch (const json::exception&) {
    }
    if (!one) return fail(Errc::kMalformed, "damaged at `" + line.substr(0, 40) + "`");
    const auto [place, is_new] = places.try_emplace(one->user, found.size());
    if (is_new) {
      found.push_back(std::move(*one));
    } else {
      found[place->second] = std::move(*one);
    }
  }
  return found;
}

std::string register_line(const Credential& credential) {
  json line{{"role", kind(credential.role)},
            {"name", person(credential.role)},
            {"account", name(credential.account)},
            {"user", credential.user},
            {"issued_at_s", credential.issued_at_s}};
  const schemas::Scope reach = reach_of(credential.role);
  if (reach != schemas::Scope::fleet()) line["scope"] = reach.text();
  return line.dump() + '\n';
}

Result<std::vector<Credential>> read_register(const std::string& folder) {
  const auto lines = read_lines(folder);
  if (!lines) return tl::make_unexpected(lines.error());
  auto found = credentials_in(*lines);
  if (found) return found;
  return fail(Errc::kStoreUnavailable,
              register_path(folder) + ": " + found.error().detail + "; restore it from a backup");
}

Result<void> add_to_register(const std::string& folder, const Credential& credential) {
  auto lines = read_lines(folder);
  if (!lines) return tl::make_unexpected(lines.error());
  return daemon::write_private_file(register_path(folder), *lines + register_line(credential),
                                    daemon::Write::kReplace);
}

}  // namespace estop::control
