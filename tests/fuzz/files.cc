// SPDX-License-Identifier: Apache-2.0

// What people and other programs write: the register of credentials, the claims of accounts and
// users, the broker's configuration and its reports, a list of customers.
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include "agent-runtime/examples/incident/core/csv.h"
#include "agent-runtime/examples/incident/core/customers.h"
#include "control/app/client_reports.h"
#include "control/auth/accounts.h"
#include "control/auth/claims.h"
#include "control/auth/register.h"
#include "schemas/codec.h"
#include "tests/fuzz/targets.h"

namespace estop::fuzz {
namespace {

using control::Account;
using schemas::KeyRole;
using schemas::SigningKey;

// Seeds name the keys of these, so they never change.
const control::Keyring& keys() {
  static const control::Keyring made{SigningKey::from_bytes(KeyRole::kOperator, {1}),
                                     SigningKey::from_bytes(KeyRole::kAccount, {2}),
                                     SigningKey::from_bytes(KeyRole::kAccount, {3}),
                                     SigningKey::from_bytes(KeyRole::kAccount, {4})};
  return made;
}

void credentials_register(std::string_view lines) {
  const auto read = control::credentials_in(std::string(lines));
  if (!read) return;
  std::string written;
  for (const control::Credential& one : *read) written += register_line(one);
  const auto again = control::credentials_in(written);
  require(again && again->size() == read->size(), "a register comes back as it was read");
  std::string once_more;
  for (const control::Credential& one : *again) once_more += register_line(one);
  require(once_more == written, "a register has one spelling");
}

// Claims behind a good signature, which no mutation finds: the input is the claims.
std::string sealed(std::string_view claims, const SigningKey& issuer) {
  const std::string text = schemas::base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + '.' +
                           schemas::base64url(claims);
  const schemas::Signature signature = issuer.sign(text);
  return text + '.' +
         schemas::base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

void account(std::string_view claims) {
  const std::string jwt = sealed(claims, keys().operator_key);
  const auto read = control::read_account_jwt(keys(), Account::kAgents, jwt);
  if (!read) return;
  const std::string made = control::account_jwt(keys(), Account::kAgents, *read);
  const auto again = control::read_account_jwt(keys(), Account::kAgents, made);
  require(again && *again == *read, "who is revoked and barred comes back as it was read");
}

void user(std::string_view claims) {
  const std::string jwt = sealed(claims, keys().agents_account);
  const auto read = control::read_user_jwt(jwt);
  if (!read || !control::lint_user_jwt(jwt)) return;
  require(!read->allowed.publish.empty() && !read->allowed.subscribe.empty() && !read->has_deny &&
              !read->has_responses,
          "a credential that the linter passes has allow-lists and nothing else");
  for (const auto* list : {&read->allowed.publish, &read->allowed.subscribe}) {
    for (const std::string& subject : *list) {
      require(!subject.starts_with('>') && !subject.starts_with('*'), "no list names everything");
    }
  }
}

void broker_config(std::string_view text) {
  static_cast<void>(control::lint_broker_config(text));
}

void client_reports(std::string_view json) {
  if (const auto report = control::read_client_report(json); report && report->client) {
    require(schemas::is_clean_text(report->client->calls_itself), "a terminal may show it");
    const auto role = control::role_named(report->client->credential);
    require(role && control::name(*role) == report->client->credential, "a name has one spelling");
  }
  static_cast<void>(control::read_client_page(json));
}

void customers(std::string_view csv) {
  const auto read = incident::read_customers(csv);
  if (!read) return;
  const auto rows = incident::read_csv(csv);
  require(rows && rows->size() == read->size() + 1, "each row behind the header is a customer");
  for (const incident::Customer& one : *read) {
    require(
        incident::is_email(one.email) && one.email.find_first_of(" \r\n<>") == std::string::npos,
        "an address can stand in an SMTP command");
    require(one.name.find_first_of("\r\n") == std::string::npos, "a name is one line");
  }
}

// Seeds name the letter, so new ones come at the end.
constexpr void (*kFileReaders[])(std::string_view) = {
    credentials_register, account, user, broker_config, client_reports, customers};

}  // namespace

void files(std::string_view input) {
  read_by_letter(kFileReaders, input);
}

}  // namespace estop::fuzz
