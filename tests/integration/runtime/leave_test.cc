// SPDX-License-Identifier: Apache-2.0

// The end of an agent, from whatever thread it comes: a handler, a callback, the outside.
#include <future>

#include "tests/integration/runtime/fixture.h"

namespace estop::testing {
namespace {

// What the agent's own code does with it, once.
using End = std::function<void(std::shared_ptr<Agent>&)>;

void leave(std::shared_ptr<Agent>& agent) {
  agent->leave();
  EXPECT_TRUE(agent->stop_requested());
  EXPECT_EQ(agent->send("acme/prod/x", "echo", "").error().code, Errc::kNoContact);
}

void destroy(std::shared_ptr<Agent>& agent) {
  agent.reset();
}

class Leave : public RuntimeTest {
 protected:
  using Slot = std::shared_ptr<std::shared_ptr<Agent>>;

  // `call` makes one of the agent's own threads run what it is given. That ends the agent; what
  // is left of it here goes last. Afterwards it has said goodbye, and every thread has ended.
  void ends_in(const std::string& name,
               const std::function<void(Agent&, std::function<void()>)>& call) {
    for (const auto& [how, end] : {std::pair<const char*, End>{"leave", leave},
                                   std::pair<const char*, End>{"destroy", destroy}}) {
      SCOPED_TRACE(name + " " + how);
      const auto goodbyes = control_.goodbyes();
      auto agent = std::make_shared<Agent>(connect("acme/prod/" + name));
      const auto mine = std::make_shared<std::shared_ptr<Agent>>(agent);
      Agent& raw = *agent;
      agent.reset();  // the agent's own code holds the last one
      std::promise<void> ended;
      std::atomic<bool> once{false};
      call(raw, [&ended, &once, mine, end = end] {
        if (once.exchange(true)) return;
        end(*mine);
        ended.set_value();
      });
      ended.get_future().wait();
      EXPECT_TRUE(wait_until([&] { return control_.goodbyes() == goodbyes + 1; }));
      mine->reset();
      for (const auto& op_id : kills_) control_.resume(op_id);
      kills_.clear();
    }
  }
  void kill(const std::string& scope) {
    const std::string op_id = "k" + std::to_string(++op_ids_);
    kills_.push_back(op_id);
    control_.kill(scope, op_id);
  }

  std::vector<std::string> kills_;
  int op_ids_ = 0;
};

TEST_F(Leave, AHandlerMayEndItsAgent) {
  Agent asker = connect("acme/prod/asker");
  ends_in("handler", [&](Agent& agent, const std::function<void()>& end) {
    ASSERT_TRUE(agent.handle("end", [end](const Intent&, std::stop_token) {
      end();
      return Result<Bytes>("");
    }));
    ASSERT_TRUE(
        agent.handle("ready", [](const Intent&, std::stop_token) { return Result<Bytes>(""); }));
    ASSERT_TRUE(wait_until(
        [&] { return asker.request("acme/prod/handler", "ready", "", Millis{200}).has_value(); }));
    ASSERT_TRUE(asker.send("acme/prod/handler", "end", ""));
  });
}

TEST_F(Leave, TheAnswerOfARequestMayEndItsAgent) {
  ends_in("asker", [](Agent& agent, const std::function<void()>& end) {
    agent.request_async("acme/prod/nobody", "echo", "", Millis{50},
                        [end](const Result<Bytes>&) { end(); });
  });
}

TEST_F(Leave, TheStopCallbackMayEndItsAgent) {
  ends_in("stopped", [this](Agent& agent, const std::function<void()>& end) {
    agent.on_stop([end](const StopOrder&) { end(); });
    kill("acme/prod/stopped");
  });
}

TEST_F(Leave, AnObserverOfTheStopTokenMayEndItsAgent) {
  std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> observers;
  ends_in("observer", [&](Agent& agent, const std::function<void()>& end) {
    observers.push_back(
        std::make_unique<std::stop_callback<std::function<void()>>>(agent.stop_token(), end));
    kill("acme/prod/observer");
  });
}

TEST_F(Leave, TheResumeCallbackMayEndItsAgent) {
  ends_in("resumed", [this](Agent& agent, const std::function<void()>& end) {
    agent.on_resume([end] { end(); });
    control_.kill("acme/prod/resumed", "k");
    ASSERT_TRUE(receipt_of("k"));
    control_.resume("k");
  });
}

TEST_F(Leave, ARefusalMayEndItsAgent) {
  ends_in("refused", [this](Agent& agent, const std::function<void()>& end) {
    agent.on_refused([end](const Refusal&) { end(); });
    kill("acme/prod/other");
    ASSERT_TRUE(wait_until([&] { return agent.send("acme/prod/other", "echo", "").has_value(); }));
  });
}

TEST_F(Leave, AnAlarmMayEndItsAgent) {
  ends_in("alarmed", [this](Agent& agent, const std::function<void()>& end) {
    agent.on_error([end](const Error&) { end(); });
    control_.kill_forged("acme/prod/alarmed", "forged");
  });
}

TEST_F(Leave, GoodbyeIsSaidOnlyWhenTheHandlerThatLeftHasEnded) {
  Agent agent = connect("acme/prod/mailer");
  Agent asker = connect("acme/prod/asker");
  std::atomic<bool> left{false}, release{false};
  serve_echo(agent);
  ASSERT_TRUE(agent.handle("leave", [&](const Intent&, std::stop_token) {
    agent.leave();
    left = true;
    EXPECT_TRUE(wait_until([&] { return release.load(); }));
    return Result<Bytes>("");
  }));
  ASSERT_TRUE(reaches(asker, "acme/prod/mailer"));
  ASSERT_TRUE(asker.send("acme/prod/mailer", "leave", ""));
  ASSERT_TRUE(wait_until([&] { return left.load(); }));
  auto waits = std::async(std::launch::async, [&] { agent.leave(); });  // to the end
  const auto beat = control_.last_beat().nonce;
  EXPECT_TRUE(wait_until([&] { return control_.last_beat().nonce != beat; }));
  EXPECT_EQ(control_.goodbyes(), 0U);
  release = true;
  waits.get();
  EXPECT_TRUE(wait_until([&] { return control_.goodbyes() == 1; }));
}

TEST_F(Leave, EveryAnswerComesExactlyOnceThoughTheAgentLeaves) {
  constexpr int kAskers = 4;
  std::atomic<int> asked{0}, answered{0};
  {
    Agent agent = connect("acme/prod/asker");
    std::atomic<bool> go_on{true};
    std::vector<std::thread> askers;
    for (int i = 0; i < kAskers; ++i) {
      askers.emplace_back([&] {
        while (go_on) {
          ++asked;
          agent.request_async("acme/prod/nobody", "echo", "", Millis{60'000},
                              [&](const Result<Bytes>&) { ++answered; });
        }
      });
    }
    EXPECT_TRUE(wait_until([&] { return asked > 1'000; }));
    agent.leave();
    go_on = false;
    for (auto& one : askers) one.join();
  }
  EXPECT_EQ(answered, asked);
}

TEST_F(Leave, WhoWaitsForControlIsToldAtOnce) {
  Agent agent = connect("acme/prod/mailer");
  control_.mute(true);
  AgentOptions patient = options("acme/prod/mailer");
  auto waits = std::async(std::launch::async, [&] { return agent.get_checkpoint("place"); });
  EXPECT_EQ(waits.wait_for(Millis{50}), std::future_status::timeout);
  const auto before = std::chrono::steady_clock::now();
  agent.leave();
  const auto answer = waits.get();
  EXPECT_EQ(answer.error().code, Errc::kNoContact) << answer.error();
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis{3'000});  // of store_timeout 5,000
}

TEST_F(Leave, AnAnswerAfterTheEndComesOnTheCallersThread) {
  Agent agent = connect("acme/prod/mailer");
  agent.leave();
  std::thread::id where;
  agent.request_async("acme/prod/x", "echo", "", Millis{100}, [&](const Result<Bytes>& answer) {
    where = std::this_thread::get_id();
    EXPECT_EQ(answer.error().code, Errc::kNoContact);
  });
  EXPECT_EQ(where, std::this_thread::get_id());
}

}  // namespace
}  // namespace estop::testing
