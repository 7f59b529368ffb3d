// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/world.h"

#include <fmt/format.h>

#include <utility>

#include "broker-bridge/app/options.h"
#include "tests/support/operator_creds.h"

namespace estop::sim {

using schemas::Address;
using schemas::Segment;
using schemas::SigningKey;
using schemas::Subjects;

namespace {

constexpr std::uint64_t kCarelessEvery = 4;  // seeds

std::array<std::uint8_t, 32> seed_of(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = number;
  return bytes;
}

const std::vector<Address>& addresses() {
  static const std::vector<Address> kAll{
      *Address::parse("acme/prod/campaign"), *Address::parse("acme/prod/mailer"),
      *Address::parse("acme/dev/tester"), *Address::parse("beta/prod/buyer")};
  return kAll;
}

User user(std::string name, const control::Role& role, control::Account account) {
  return {std::move(name), account, *control::permissions(role, account, Subjects::standard())};
}

}  // namespace

World::World(std::uint64_t seed, Trace trace) : ground(seed, std::move(trace)) {
  log_seed = seed_of(0);
  const auto key = SigningKey::from_bytes(schemas::KeyRole::kUser, log_seed);
  control_key = key.public_key();
  choose();
  observer.emplace(
      ground,
      ObserverSettings{Subjects::standard(), control_key, testing::account_key().public_key(),
                       bridge_lease - bridge::arrival_time(bridge_config()), agent_lease},
      disk);
  make_broker();
  make_control();
  make_bridges();
  make_agents();
  make_operator(seed % kCarelessEvery == 1);
  control->launch();
  for (const auto& one : bridges) one->launch();
  for (const auto& one : agents) one->launch();
  rogue->launch();
  boss->launch();
}

void World::step() {
  ground.timeline.step();
}

void World::choose() {
  Random& random = ground.random;
  bridge_beat = random.between(100, 500) * kMs;
  bridge_lease = bridge_beat * random.between(4, 10);
  agent_beat = random.between(300, 1'000) * kMs;
  agent_lease = agent_beat * random.between(3, 5);
}

void World::make_broker() {
  broker.emplace(ground, Subjects::standard(),
                 Stream::Events{[this](std::uint64_t seq, std::string_view frame) {
                                  observer->stream_took(seq, frame);
                                },
                                [](std::uint64_t) {}},
                 [this](const Message& message) { observer->accepted(message); });
  observer->watch(broker->stream());
  disk.audited = [this](const control::AuditEntry& entry) { observer->audited(entry); };
  disk.committed = [this](const schemas::SignedRecord& record) {
    observer->recorder_stored(record);
  };
}

void World::make_control() {
  using control::Account;
  broker->add_user(user("control-agents", control::ControlRole{}, Account::kAgents));
  broker->add_user(user("control-control", control::ControlRole{}, Account::kControl));
  ControlSettings settings;
  settings.log_seed = log_seed;
  settings.config.bridge_beat_ms = static_cast<std::uint32_t>(bridge_beat / kMs);
  settings.config.bridge_lease_ms = static_cast<std::uint32_t>(bridge_lease / kMs);
  settings.config.agent_beat_ms = static_cast<std::uint32_t>(agent_beat / kMs);
  settings.config.agent_lease_ms = static_cast<std::uint32_t>(agent_lease / kMs);
  settings.config.snapshot_every = control::kSnapshotEveryMin_records;
  settings.config.takes_unsigned = true;  // the commands of this world's operator
  settings.operators_key = testing::account_key().public_key();
  control = std::make_unique<ControlProcess>(ground, *broker, disk, *observer, settings);
}

bridge::BridgeConfig World::bridge_config() const {
  bridge::BridgeConfig config;
  config.beat_ms = static_cast<std::uint32_t>(bridge_beat / kMs);
  config.lease_ms = static_cast<std::uint32_t>(bridge_lease / kMs);
  return config;
}

void World::make_bridges() {
  using control::Account;
  const auto count = static_cast<std::uint8_t>(1 + ground.random.below(3));
  for (std::uint8_t i = 1; i <= count; ++i) {
    BridgeSettings settings;
    settings.config = bridge_config();
    settings.config.id = fmt::format("b{}", i);
    settings.own_seed = seed_of(i);
    settings.control_key = control_key;
    settings.operators_key = testing::account_key().public_key();
    const control::BridgeRole role{*Segment::parse(settings.config.id)};
    broker->add_user(user("bridge-" + settings.config.id + "-agents", role, Account::kAgents));
    broker->add_user(user("bridge-" + settings.config.id + "-control", role, Account::kControl));
    bridges.push_back(std::make_unique<BridgeProcess>(ground, *broker, *observer, settings));
  }
}

void World::make_agents() {
  constexpr std::uint8_t kFirstSeed = 100;
  AgentSettings settings;
  settings.control_key = control_key;
  settings.peers = addresses();
  settings.send_every = ground.random.between(50, 400) * kMs;
  std::size_t number = 0;
  for (const Address& address : addresses()) {
    const control::AgentRole role{address};
    broker->add_user(user("agent-" + address.tokens(), role, control::Account::kAgents));
    settings.address = address;
    const auto replicas = address == addresses().front() ? 2 : 1;
    for (int i = 0; i < replicas; ++i) {
      settings.own_seed = seed_of(static_cast<std::uint8_t>(kFirstSeed + ++number));
      agents.push_back(
          std::make_unique<AgentProcess>(ground, *broker, *observer, settings, number));
    }
  }
  settings.address = addresses().front();
  settings.own_seed = seed_of(kFirstSeed);
  rogue = std::make_unique<RogueProcess>(ground, *broker, settings, 0);
}

void World::make_operator(bool is_careless) {
  broker->add_user(user("operator-alice", control::OperatorRole{*Segment::parse("alice")},
                        control::Account::kControl));
  OperatorSettings settings;
  settings.is_careless = is_careless;
  settings.scopes = {"*", "acme/*", "acme/prod/*", "acme/prod/campaign@i001x00001"};
  for (const Address& address : addresses()) {
    settings.scopes.push_back(address.text());
    settings.scopes.push_back(address.text());
  }
  if (ground.random.below(2) == 0) settings.creds = testing::operator_creds("alice");
  settings.order_every = ground.random.between(500, 4'000) * kMs;
  boss = std::make_unique<OperatorProcess>(ground, *broker, *observer, settings);
}

}  // namespace estop::sim
