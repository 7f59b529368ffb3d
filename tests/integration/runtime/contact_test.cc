// SPDX-License-Identifier: Apache-2.0

// Loss of contact: silent control, frozen process, restarted broker; and connecting at all.
#include <filesystem>
#include <fstream>

#include "broker-bridge/daemon/process.h"
#include "tests/integration/runtime/fixture.h"
#include "tests/support/tcp_proxy.h"

namespace estop::testing {
namespace {

class Contact : public RuntimeTest {};

// A signal takes a moment: every thread of the process stands still.
bool is_frozen(pid_t pid) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream stat(task.path() / "stat");
    const std::string text(std::istreambuf_iterator<char>(stat), {});
    if (text.find(") T ") == std::string::npos) return false;
  }
  return true;
}

TEST_F(Contact, ASilentControlStopsWithinTheLeaseAndItsReturnEndsThat) {
  control_.times(50, 400);
  Agent agent = connect("acme/prod/mailer");
  std::atomic<bool> resumed{false};
  agent.on_resume([&] { resumed = true; });
  control_.mute(true);
  EXPECT_TRUE(wait_until([&] { return agent.stop_requested(); }, Millis{1'500}));
  EXPECT_EQ(agent.stop_order()->cause, StopCause::kLostContact);
  EXPECT_EQ(agent.send("acme/prod/x", "echo", "").error().code, Errc::kNoContact);
  control_.mute(false);
  EXPECT_TRUE(agent.wait_for_resume(Millis{5'000}));
  EXPECT_TRUE(wait_until([&] { return resumed.load(); }));
  EXPECT_TRUE(control_.receipts().empty());
}

TEST_F(Contact, AnAgentThatMayContinueDoes) {
  control_.times(50, 300);
  AgentOptions lax = options("acme/prod/mailer");
  lax.on_lost_contact = OnLostContact::kContinue;
  Agent agent = connect(lax);
  std::atomic<bool> alarmed{false};
  agent.on_error([&](const Error& error) { alarmed = error.code == Errc::kNoContact; });
  control_.mute(true);
  EXPECT_TRUE(wait_until([&] { return alarmed.load(); }));
  EXPECT_FALSE(agent.stop_requested());
}

TEST_F(Contact, ARestartedBrokerIsFoundAgainInTheSameLife) {
  Agent agent = connect("acme/prod/mailer");
  Agent other = connect("acme/prod/other");
  serve_echo(other);
  EXPECT_TRUE(reaches(agent, "acme/prod/other"));
  broker_.kill();
  EXPECT_TRUE(wait_until([&] {
    const auto sent = agent.request("acme/prod/other", "echo", "", Millis{100});
    return !sent && sent.error().code == Errc::kNoContact;
  }));
  broker_.restart();
  EXPECT_TRUE(reaches(agent, "acme/prod/other"));
  EXPECT_EQ(agent.life(), 1U);
}

TEST_F(Contact, AFrozenProcessHandlesNothingThatWaitedBeyondItsLease) {  // H33
  control_.times(50, 500);
  control_.open_gate(true);  // so that only the runtime can refuse
  daemon::SpawnOptions spawn;
  spawn.command = {ESTOP_HELLO_AGENT, "acme/prod/greeter", broker_.url(), control_.key_text()};
  spawn.log_file = broker_.folder().path() / "hello.log";
  auto child = daemon::ChildProcess::spawn(spawn);
  ASSERT_TRUE(child) << child.error();
  AgentOptions patient = options("acme/prod/asker");
  Agent asker = connect(patient);
  ASSERT_TRUE(wait_until([&] {
    return asker.request("acme/prod/greeter", "hello.say", "you", Millis{100}).has_value();
  }));
  child->signal(SIGSTOP);
  ASSERT_TRUE(wait_until([&] { return is_frozen(child->pid()); }));
  std::atomic<int> answered{0}, failed{0};
  for (int i = 0; i < 1'000; ++i) {
    asker.request_async("acme/prod/greeter", "hello.say", "x", Millis{4'000},
                        [&](const Result<Bytes>& one) { ++(one ? answered : failed); });
  }
  const auto frozen_since = std::chrono::steady_clock::now();
  EXPECT_TRUE(wait_until([&] {  // longer than its lease
    return std::chrono::steady_clock::now() - frozen_since > Millis{700};
  }));
  control_.kill("acme/prod/greeter", "k1");
  child->signal(SIGCONT);
  EXPECT_TRUE(receipt_of("k1"));
  EXPECT_TRUE(wait_until([&] { return failed + answered == 1'000; }));
  EXPECT_EQ(answered, 0);
}

TEST_F(Contact, TheExampleAgentGreetsStopsAndGoesOn) {
  daemon::SpawnOptions spawn;
  spawn.command = {ESTOP_HELLO_AGENT, "acme/prod/greeter", broker_.url(), control_.key_text()};
  spawn.log_file = broker_.folder().path() / "hello.log";
  auto child = daemon::ChildProcess::spawn(spawn);
  ASSERT_TRUE(child) << child.error();
  Agent asker = connect("acme/prod/asker");
  const auto greets = [&] {
    const auto said = asker.request("acme/prod/greeter", "hello.say", "you", Millis{200});
    return said && *said == "hello, you";
  };
  EXPECT_TRUE(wait_until(greets));
  control_.kill("acme/prod/greeter", "k1");
  EXPECT_TRUE(receipt_of("k1"));
  EXPECT_FALSE(greets());
  control_.resume("k1");
  EXPECT_TRUE(wait_until([&] { return control_.hellos().size() >= 3; }));
  EXPECT_TRUE(child->terminate(Millis{5'000}).ok());
  EXPECT_TRUE(wait_until([&] { return control_.goodbyes() == 1; }));
}

TEST_F(Contact, WhatIsWrongWithTheOptionsIsSaid) {
  const struct {
    std::function<void(AgentOptions&)> spoil;
    Errc code;
  } rows[] = {
      {[](AgentOptions& bad) { bad.address = "acme/prod"; }, Errc::kBadAddress},
      {[](AgentOptions& bad) { bad.instance = "UPPER"; }, Errc::kBadAddress},
      {[](AgentOptions& bad) { bad.spawned_by = "nobody"; }, Errc::kBadAddress},
      {[](AgentOptions& bad) { bad.control_key = ""; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.control_key = "/does/not/exist"; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.creds_file = "/does/not/exist"; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.handler_threads = 0; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.queue_max = 0; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.ready_timeout = Millis{0}; }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.host = std::string(257, 'h'); }, Errc::kBadArgument},
      {[](AgentOptions& bad) { bad.url = "nats://127.0.0.1:1"; }, Errc::kNoContact},
  };
  for (const auto& row : rows) {
    AgentOptions bad = options("acme/prod/mailer");
    row.spoil(bad);
    const auto agent = Agent::connect(bad);
    ASSERT_FALSE(agent);
    EXPECT_EQ(agent.error().code, row.code) << agent.error();
  }
}

TEST_F(Contact, ALongHostNameIsNoObstacleUpToItsLimit) {
  AgentOptions longest = options("acme/prod/mailer");
  longest.host = std::string(256, 'h');
  longest.spawned_by =
      std::string(63, 'a') + '/' + std::string(63, 'b') + '/' + std::string(63, 'c');
  Agent agent = connect(longest);
  EXPECT_EQ(control_.hellos().front().host, longest.host);
  AgentOptions odd = options("acme/prod/mailer");
  odd.host = "caf\xe9\r1";  // no text that a message may hold
  Agent other = connect(odd);
  EXPECT_EQ(control_.hellos().back().host, "caf??1");
}

// The broker is there and says what it has to say: only the missing answers tell that nothing gets
// out. The first answer on a new connection ends the stop.
TEST_F(Contact, AWayOutThatStandsStillIsLeftForANewConnection) {
  control_.times(50, 400);
  TcpProxy network(broker_.port());
  AgentOptions behind = options("acme/prod/mailer");
  behind.url = "nats://127.0.0.1:" + std::to_string(network.port());
  Agent agent = connect(behind);
  std::atomic<bool> anew{false}, heard{false};
  agent.on_error([&](const Error& error) {
    if (error.detail.find("made anew") != std::string::npos) anew = true;
    if (error.code == Errc::kBadSignature) heard = true;
  });
  network.pause(TcpProxy::Way::kToServer);
  control_.kill_forged("acme/prod/other", "k1");
  EXPECT_TRUE(wait_until([&] { return heard.load(); }));  // the way in works
  EXPECT_TRUE(wait_until([&] { return anew.load(); }));
  network.resume();
  EXPECT_TRUE(agent.wait_for_resume(Millis{10'000}));
}

TEST_F(Contact, AControlThatDoesNotAnswerIsSaid) {
  control_.mute(true);
  AgentOptions hasty = options("acme/prod/mailer");
  hasty.ready_timeout = Millis{300};
  const auto agent = Agent::connect(hasty);
  ASSERT_FALSE(agent);
  EXPECT_EQ(agent.error().code, Errc::kTimeout) << agent.error();
}

}  // namespace
}  // namespace estop::testing
