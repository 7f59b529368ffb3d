// SPDX-License-Identifier: Apache-2.0
#include "control/core/access/clients.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace estop::control {

namespace {

constexpr std::size_t kNamedMax = 8;
constexpr std::string_view kControl = "control";

// Control's orders and records, and what holds them up, go separate ways in these two accounts.
std::size_t due_of(const BrokerClient& client) {
  const bool keeps_two = client.id.starts_with("AGENTS/") || client.id.starts_with("CONTROL/");
  return client.credential == kControl && keeps_two ? 2 : 1;
}

}  // namespace

std::string SharedCredential::sentence() const {
  const std::size_t named = std::min(clients.size(), kNamedMax);
  return fmt::format("{} connections with its credential where there should be {}: {}{}",
                     connections, reasons,
                     fmt::join(clients.begin(), clients.begin() + static_cast<long>(named), ", "),
                     named < clients.size() ? ", …" : "");
}

std::string SilentCredential::sentence() const {
  return fmt::format("{} connections with one credential of an address that has {} instances",
                     connections, announced);
}

void Clients::on(const ClientsHeard& heard) {
  for (const std::string& id : heard.gone) gone(id);
  if (heard.all_below) {
    std::set<std::string> there;
    for (const BrokerClient& client : heard.came) there.insert(client.id);
    std::vector<std::string> left;
    for (auto at = user_of_.lower_bound(*heard.all_below);
         at != user_of_.end() && at->first.starts_with(*heard.all_below); ++at) {
      if (!there.contains(at->first)) left.push_back(at->first);
    }
    for (const std::string& id : left) gone(id);
  }
  for (const BrokerClient& client : heard.came) came(client);
}

void Clients::came(const BrokerClient& client) {
  if (user_of_.size() >= kClientsMax) return;
  const std::string key = client.agent.empty() ? client.user : client.agent.tokens();
  if (!user_of_.try_emplace(client.id, key).second) return;
  User& user = users_[key];
  user.whose = client.agent.empty() ? client.credential : client.agent.text();
  user.agent = client.agent;
  user.due = due_of(client);
  user.clients.emplace(client.id, Client{client.calls_itself, client.user});
}

void Clients::gone(const std::string& id) {
  const auto place = user_of_.find(id);
  if (place == user_of_.end()) return;
  const auto user = users_.find(place->second);
  user->second.clients.erase(id);
  if (user->second.clients.empty()) users_.erase(user);
  user_of_.erase(place);
}

std::vector<SharedCredential> Clients::shared(const Announced& announced, std::uint64_t now_us) {
  std::vector<SharedCredential> found;
  for (auto& [key, user] : users_) {
    const std::size_t reasons = user.agent.empty() ? user.due : announced(user.agent);
    if (user.clients.size() <= reasons) {
      user.since_us = 0;
      user.is_told = false;
      continue;
    }
    if (user.since_us == 0) user.since_us = now_us;
    if (user.is_told || now_us < user.since_us + grace_us_) continue;
    user.is_told = true;
    SharedCredential& one = found.emplace_back();
    one.whose = user.whose;
    one.connections = user.clients.size();
    one.reasons = reasons;
    for (const auto& [id, client] : user.clients) one.clients.push_back(client.calls_itself);
  }
  return found;
}

std::optional<SilentCredential> Clients::silent(const Announced& announced, std::uint64_t now_us) {
  if (silent_max_ == 0) return std::nullopt;
  std::optional<SilentCredential> worst;
  User* its = nullptr;
  for (auto& [key, user] : users_) {
    const std::size_t due = user.agent.empty() ? user.clients.size() : announced(user.agent);
    if (user.clients.size() < due + silent_max_) {
      user.crowded_since_us = 0;
      continue;
    }
    if (user.crowded_since_us == 0) user.crowded_since_us = now_us;
    if (now_us < user.crowded_since_us + grace_us_ || now_us < user.again_us) continue;
    auto one = largest(user, due);
    if (!one || (worst && one->connections <= worst->connections)) continue;
    worst = std::move(one);
    its = &user;
  }
  if (its != nullptr) its->again_us = now_us + grace_us_;
  return worst;
}

// Of several keys of one address only one that alone holds too many: another may be an honest
// replica's.
std::optional<SilentCredential> Clients::largest(const User& user, std::size_t announced) const {
  std::map<std::string_view, std::size_t> held;
  for (const auto& [id, client] : user.clients) ++held[client.user];
  const auto most = std::max_element(
      held.begin(), held.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == held.end() || most->second < announced + silent_max_) return std::nullopt;
  return SilentCredential{user.agent, std::string(most->first), most->second, announced};
}

void Clients::start_anew() {
  for (auto& [key, user] : users_) user.since_us = user.crowded_since_us = 0;
}

}  // namespace estop::control
