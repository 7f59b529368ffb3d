// SPDX-License-Identifier: Apache-2.0
#include "control/auth/jwt.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace estop::control {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;

constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ed25519-nkey"})";
constexpr int kVersion = 2;

}  // namespace

// header.payload.signature. `jti` is the hash of the claims without it, as NATS tools do.
std::string sign_jwt(const schemas::SigningKey& issuer, const std::string& subject,
                     std::string_view name, std::uint64_t issued_at_s, const json& nats) {
  json claims{{"iat", issued_at_s},
              {"iss", issuer.public_text()},
              {"name", name},
              {"nats", nats},
              {"sub", subject}};
  claims["nats"]["version"] = kVersion;
  claims["jti"] = schemas::hex(schemas::sha256(claims.dump()));
  const std::string text = schemas::base64url(kHeader) + '.' + schemas::base64url(claims.dump());
  const schemas::Signature signature = issuer.sign(text);
  return text + '.' +
         schemas::base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

schemas::Result<json> open_jwt(std::string_view jwt) {
  const std::size_t first = jwt.find('.');
  const std::size_t last = jwt.rfind('.');
  if (first == std::string_view::npos || first == last) {
    return fail(Errc::kMalformed, "not a JWT: it needs three parts");
  }
  const auto header = schemas::from_base64url(jwt.substr(0, first));
  const auto payload = schemas::from_base64url(jwt.substr(first + 1, last - first - 1));
  const auto signature = schemas::from_base64url(jwt.substr(last + 1));
  if (!header || !payload || !signature || *header != kHeader ||
      signature->size() != schemas::Signature{}.size()) {
    return fail(Errc::kMalformed, "not an ed25519-nkey JWT");
  }
  json claims = json::parse(*payload, nullptr, false);
  if (!claims.is_object() || !claims.contains("iss") || !claims["iss"].is_string()) {
    return fail(Errc::kMalformed, "its claims are no JSON object with an issuer");
  }
  const auto issuer = schemas::public_key_from_text(claims["iss"].get<std::string>());
  schemas::Signature bytes{};
  std::copy(signature->begin(), signature->end(), bytes.begin());
  if (!issuer || !schemas::verify(*issuer, jwt.substr(0, last), bytes)) {
    return fail(Errc::kBadSignature, "the JWT is not signed by its issuer");
  }
  return claims;
}

}  // namespace estop::control
