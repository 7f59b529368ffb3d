// SPDX-License-Identifier: Apache-2.0
#include "control/app/config.h"

#include <gtest/gtest.h>

#include <functional>

namespace estop::control {
namespace {

struct BadConfig {
  const char* why;
  std::function<void(ControlConfig&)> spoil;
  const char* names;  // the option in the detail
};

const BadConfig kBad[] = {
    {"no data folder", [](auto& c) { c.data.clear(); }, "--data"},
    {"no broker", [](auto& c) { c.url.clear(); }, "--url"},
    {"no port", [](auto& c) { c.listen = "127.0.0.1"; }, "--listen"},
    {"port too large", [](auto& c) { c.listen = "127.0.0.1:70000"; }, "--listen"},
    {"plain text for everybody", [](auto& c) { c.listen = "0.0.0.0:9622"; }, "--listen 0.0.0.0"},
    {"unknown log format", [](auto& c) { c.log_format = "xml"; }, "--log-format"},
    {"bridge beat of zero", [](auto& c) { c.bridge_beat_ms = 0; }, "--bridge-beat-ms"},
    {"bridge lease of three beats", [](auto& c) { c.bridge_lease_ms = 1'500; },
     "--bridge-lease-ms"},
    {"agent lease of two beats", [](auto& c) { c.agent_lease_ms = 10'000; }, "--agent-lease-ms"},
    {"no patience with broken connections", [](auto& c) { c.sharing_grace_ms = 999; },
     "--sharing-grace-ms"},
    {"more silent connections than are looked at", [](auto& c) { c.revoke_silent = 65'537; },
     "--revoke-silent"},
    {"a snapshot of hardly anything", [](auto& c) { c.snapshot_every = 15; }, "--snapshot-every"},
    {"endless agent lease", [](auto& c) { c.agent_lease_ms = 600'001; }, "--agent-lease-ms"},
};

ControlConfig good_config() {
  ControlConfig config;
  config.data = "/nowhere";
  return config;
}

TEST(ControlConfig, TheDefaultsAreValidWithADataFolder) {
  EXPECT_TRUE(validate(good_config()));
}

TEST(ControlConfig, ABadValueIsRefusedByTheNameOfItsOption) {
  for (const BadConfig& bad : kBad) {
    ControlConfig config = good_config();
    bad.spoil(config);
    const auto valid = validate(config);
    ASSERT_FALSE(valid) << bad.why;
    EXPECT_EQ(valid.error().code, schemas::Errc::kBadArgument) << bad.why;
    EXPECT_EQ(valid.error().detail.rfind(bad.names, 0), 0U) << valid.error();
  }
}

TEST(ControlConfig, MissingCredentialsAreNamedWithTheirPlace) {
  const auto loaded = load(good_config());
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().detail.find("/nowhere/creds/control-agents.creds"), std::string::npos);
}

}  // namespace
}  // namespace estop::control
