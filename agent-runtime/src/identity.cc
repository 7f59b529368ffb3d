// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/src/identity.h"

#include <unistd.h>

#include <array>

#include "broker-bridge/daemon/checks.h"
#include "broker-bridge/daemon/random.h"

namespace estop::agent {

using schemas::SigningKey;

namespace {

constexpr std::size_t kInstance_letters = 12;  // 62 bits of chance
constexpr std::size_t kHostMax_bytes = 256;
constexpr unsigned kThreadsMax = 256;

std::string host_of(const AgentOptions& options) {
  if (!options.host.empty()) return options.host;
  std::array<char, kHostMax_bytes> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

Result<Identity> identity_from(const AgentOptions& options) {
  auto address = schemas::Address::parse(options.address);
  if (!address) return tl::make_unexpected(address.error());
  auto instance = schemas::Instance::parse(
      options.instance.empty() ? daemon::random_name(kInstance_letters) : options.instance);
  if (!instance) return tl::make_unexpected(instance.error());
  return Identity{.address = *address,
                  .instance = *instance,
                  .process = daemon::random_name(kInstance_letters),
                  .subjects = schemas::Subjects::standard(),
                  .host = host_of(options),
                  .pid = static_cast<std::uint64_t>(getpid())};
}

Result<Keys> keys_from(const AgentOptions& options) {
  if (options.control_key.empty()) {
    return fail(Errc::kBadArgument, "control_key: whose orders to obey must be said");
  }
  const auto control = daemon::option_public_key("control_key", options.control_key);
  if (!control) return schemas::passed_on(control);
  if (options.creds_file.empty()) {
    return Keys{SigningKey::generate(schemas::KeyRole::kUser), *control};
  }
  const auto text =
      daemon::option_file("creds_file", options.creds_file, daemon::FileRules{.is_secret = true});
  if (!text) return schemas::passed_on(text);
  auto own = schemas::key_from_creds(*text);
  if (!own) {
    return daemon::bad_option("creds_file: {}: {}", options.creds_file, own.error().detail);
  }
  return Keys{std::move(*own), *control};
}

Result<void> validate(const AgentOptions& options) {
  if (options.handler_threads < 1 || options.handler_threads > kThreadsMax) {
    return fail(Errc::kBadArgument, "handler_threads: 1 to 256");
  }
  if (options.queue_max < 1 || options.requests_max < 1) {
    return fail(Errc::kBadArgument, "queue_max and requests_max: at least 1");
  }
  if (options.connect_timeout <= Millis{0} || options.ready_timeout <= Millis{0} ||
      options.store_timeout <= Millis{0}) {
    return fail(Errc::kBadArgument, "timeouts are greater than 0");
  }
  if (options.host.size() > kHostMax_bytes) {
    return fail(Errc::kBadArgument, "host: at most 256 bytes");
  }
  if (!options.spawned_by.empty()) {
    if (auto parent = schemas::Address::parse(options.spawned_by); !parent) {
      return tl::make_unexpected(parent.error());
    }
  }
  return {};
}

}  // namespace estop::agent
