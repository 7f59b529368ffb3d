// SPDX-License-Identifier: Apache-2.0
#include "control/app/client_reports.h"

#include <nlohmann/json.hpp>

#include "control/auth/claims.h"
#include "schemas/printable.h"

namespace estop::control {

namespace {

using nlohmann::json;

constexpr std::size_t kCallsItselfMax_bytes = 64;

// `name` is of the credential, whose JWT the broker has checked; the client chose `says` itself.
std::optional<BrokerClient> client_of(const std::string& user, const std::string& name,
                                      const std::string& says, const std::string& host) {
  const auto role = role_named(name);
  if (!role) return std::nullopt;
  BrokerClient client{{}, user, name};
  if (const auto* agent = std::get_if<AgentRole>(&*role)) {
    client.agent = agent->address;
  } else if (!std::holds_alternative<BridgeRole>(*role) &&
             !std::holds_alternative<ControlRole>(*role)) {
    return std::nullopt;
  }
  std::string shown = schemas::printable(says.substr(0, kCallsItselfMax_bytes));
  client.calls_itself = (shown.empty() ? "unnamed" : shown) + " (" + schemas::printable(host) + ")";
  return client;
}

std::string text_in(const json& object, const char* key) {
  return object.value(key, std::string());
}

template <class Read>
auto without_throwing(Read&& read) -> decltype(read()) {
  try {
    return read();
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<ClientReport> read_client_report(std::string_view text) {
  return without_throwing([&]() -> std::optional<ClientReport> {
    const json told = json::parse(text);
    const json& one = told.at("client");
    return ClientReport{one.at("acc").get<std::string>(),
                        told.at("server").at("id").get<std::string>(),
                        one.at("id").get_ref<const json::number_unsigned_t&>(),
                        client_of(text_in(one, "user"), text_in(one, "name_tag"),
                                  text_in(one, "name"), text_in(one, "host"))};
  });
}

std::optional<ClientPage> read_client_page(std::string_view text) {
  return without_throwing([&]() -> std::optional<ClientPage> {
    const json told = json::parse(text);
    const json& data = told.at("data");
    ClientPage page;
    page.server = data.at("server_id").get<std::string>();
    page.total = data.at("total").get_ref<const json::number_unsigned_t&>();
    const json& connections = data.at("connections");
    if (connections.is_null()) return page;  // beyond the last one
    for (const json& one : connections) {
      page.reports.push_back({text_in(one, "account"), page.server,
                              one.at("cid").get_ref<const json::number_unsigned_t&>(),
                              client_of(text_in(one, "authorized_user"), text_in(one, "name_tag"),
                                        text_in(one, "name"), text_in(one, "ip"))});
    }
    return page;
  });
}

}  // namespace estop::control
