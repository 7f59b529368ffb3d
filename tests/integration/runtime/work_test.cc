// SPDX-License-Identifier: Apache-2.0

// Talking and keeping: requests, replies, refusals, checkpoints, effects.
#include <set>

#include "tests/integration/runtime/fixture.h"

namespace estop::testing {
namespace {

class Work : public RuntimeTest {};

TEST_F(Work, ARequestIsAnsweredByTheHandlerOfTheOtherAgent) {
  Agent mailer = connect("acme/prod/mailer");
  Agent campaign = connect("acme/prod/campaign");
  ASSERT_TRUE(mailer.handle("email.send", [](const Intent& intent, std::stop_token) {
    return Result<Bytes>(intent.from + " " + intent.action + " " + intent.payload);
  }));
  EXPECT_TRUE(wait_until([&] {
    const auto reply = campaign.request("acme/prod/mailer", "email.send", "hi", Millis{200});
    return reply && *reply == "acme/prod/campaign email.send hi";
  }));
}

TEST_F(Work, TheIdOfAnIntentCannotBeGuessedFromTheOneBefore) {
  constexpr std::size_t kHalf = 8;  // hex digits of 32 bits, of which 64 have to be random
  Agent agent = connect("acme/prod/campaign");
  std::set<std::string> firsts, seconds;
  for (int i = 0; i < 100; ++i) {
    const auto id = agent.send("acme/prod/mailer", "echo", "");
    ASSERT_TRUE(id);
    const std::string chance = id->substr(id->rfind('-') + 1);
    ASSERT_GE(chance.size(), 2 * kHalf);
    firsts.insert(chance.substr(0, kHalf));
    seconds.insert(chance.substr(kHalf, kHalf));
  }
  EXPECT_EQ(firsts.size(), 100U);
  EXPECT_EQ(seconds.size(), 100U);
}

TEST_F(Work, AFailedHandlerGivesItsCodeToTheAsker) {
  Agent mailer = connect("acme/prod/mailer");
  Agent campaign = connect("acme/prod/campaign");
  serve_echo(mailer);
  ASSERT_TRUE(mailer.handle("fails", [](const Intent&, std::stop_token) -> Result<Bytes> {
    return fail(Errc::kEffectAmbiguous, "mail 7: ask a person");
  }));
  ASSERT_TRUE(mailer.handle("throws", [](const Intent&, std::stop_token) -> Result<Bytes> {
    throw std::runtime_error("out of stamps");
  }));
  ASSERT_TRUE(reaches(campaign, "acme/prod/mailer"));
  const auto failed = campaign.request("acme/prod/mailer", "fails", "").error();
  EXPECT_EQ(failed, (Error{Errc::kEffectAmbiguous, "mail 7: ask a person"}));
  const auto threw = campaign.request("acme/prod/mailer", "throws", "").error();
  EXPECT_EQ(threw, (Error{Errc::kInternal, "the handler threw: out of stamps"}));
  const auto unknown = campaign.request("acme/prod/mailer", "no.such", "").error();
  EXPECT_EQ(unknown.code, Errc::kNotFound);
}

TEST_F(Work, ARequestToAKilledAgentFailsAtOnce) {
  Agent campaign = connect("acme/prod/campaign");
  control_.kill("acme/prod/mailer", "k1");
  const auto refused = campaign.request("acme/prod/mailer", "echo", "", Millis{10'000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kReceiverKilled);
  EXPECT_NE(refused.error().detail.find("killed by alice: broken unsub"), std::string::npos);
}

TEST_F(Work, PendingRequestsEndWithTheKillOfEitherSide) {
  const struct {
    const char* scope;
    const char* op_id;
    Errc code;
  } rows[] = {{"acme/prod/campaign", "k1", Errc::kSenderKilled},
              {"acme/prod/slow", "k2", Errc::kReceiverKilled}};
  for (const auto& row : rows) {
    Agent campaign = connect("acme/prod/campaign");
    const auto passed = control_.passed();
    std::atomic<int> code{0};
    campaign.request_async("acme/prod/slow", "echo", "", Millis{20'000},
                           [&](Result<Bytes> one) { code = static_cast<int>(one.error().code); });
    EXPECT_TRUE(wait_until([&] { return control_.passed() > passed; }));
    control_.kill(row.scope, row.op_id);
    EXPECT_TRUE(wait_until([&] { return code.load() == static_cast<int>(row.code); })) << row.scope;
    control_.resume(row.op_id);
  }
}

TEST_F(Work, WhatAKilledSenderHasQueuedIsDroppedAndItsHandlersAreTold) {  // H22, H47
  AgentOptions narrow = options("acme/prod/mailer");
  narrow.handler_threads = 1;
  Agent mailer = connect(narrow);
  Agent rogue = connect("acme/prod/rogue");
  control_.open_gate(true);
  std::atomic<int> started{0};
  std::atomic<bool> told{false};
  ASSERT_TRUE(mailer.handle("work", [&](const Intent&, std::stop_token stop) {
    ++started;
    told = wait_until([&] { return stop.stop_requested(); });
    return Result<Bytes>("");
  }));
  ASSERT_TRUE(wait_until([&] {
    (void)rogue.send("acme/prod/mailer", "work", "");
    return started > 0;
  }));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(rogue.send("acme/prod/mailer", "work", ""));
  EXPECT_TRUE(wait_until([&] { return control_.passed() >= 51; }));
  control_.kill("acme/prod/rogue", "k1");
  EXPECT_TRUE(wait_until([&] { return told.load(); }));
  EXPECT_TRUE(wait_until([&] { return mailer.stats().dropped >= 50; }));
  EXPECT_EQ(started, 1);
  EXPECT_FALSE(mailer.stop_requested());
}

TEST_F(Work, ARefusalOfASendComesToTheCallback) {
  Agent campaign = connect("acme/prod/campaign");
  std::atomic<bool> right{false};
  std::mutex mutex;
  std::string id;
  campaign.on_refused([&](const Refusal& refusal) {
    const std::lock_guard lock(mutex);
    right = refusal.id == id && refusal.error.code == Errc::kReceiverKilled;
  });
  control_.kill("acme/prod/mailer", "k1");
  {
    const std::lock_guard lock(mutex);
    id = *campaign.send("acme/prod/mailer", "echo", "");
  }
  EXPECT_TRUE(wait_until([&] { return right.load(); }));
}

TEST_F(Work, WhatControlCouldNotReadIsRefusedBeforeItTravels) {
  Agent agent = connect("acme/prod/campaign");
  const std::string long_key(schemas::kKeyMax_bytes + 1, 'k');
  for (const std::string& key :
       {std::string(), long_key, std::string("a\x1b"), std::string("caf\xe9")}) {
    EXPECT_EQ(agent.checkpoint(key, "").error().code, Errc::kBadArgument) << key;
    EXPECT_EQ(agent.get_checkpoint(key).error().code, Errc::kBadArgument) << key;
    EXPECT_EQ(agent.begin(key).error().code, Errc::kBadArgument) << key;
    EXPECT_EQ(agent.finish(key, "").error().code, Errc::kBadArgument) << key;
    EXPECT_EQ(agent.abandon(key).error().code, Errc::kBadArgument) << key;
  }
  const Bytes large(schemas::kCheckpointMax_bytes + 1, 'x');
  EXPECT_EQ(agent.checkpoint("place", large).error().code, Errc::kTooLarge);
  ASSERT_TRUE(agent.begin("mail-7"));
  EXPECT_EQ(agent.finish("mail-7", Bytes(4'097, 'x')).error().code, Errc::kTooLarge);
  EXPECT_TRUE(agent.finish("mail-7", Bytes(4'096, 'x')));
}

TEST_F(Work, AllCheckpointsTogetherTakeNoLongerThanTheTimeoutOfOne) {
  AgentOptions hasty = options("acme/prod/campaign");
  hasty.store_timeout = Millis{300};
  Agent agent = connect(hasty);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(agent.checkpoint("place-" + std::to_string(i), "row"));
  EXPECT_EQ(agent.checkpoints()->size(), 20U);
  control_.delay_store(Millis{100});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(agent.checkpoints().error().code, Errc::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - before, Millis{1'000});  // 20 of them take 2,000
}

TEST_F(Work, AReplyThatCannotBeSentIsCountedAndTold) {
  Agent mailer = connect("acme/prod/mailer");
  Agent asker = connect("acme/prod/asker");
  std::atomic<bool> handling{false}, release{false}, told{false};
  mailer.on_error([&](const Error& error) {
    if (error.detail.find("is lost") != std::string::npos) told = true;
  });
  serve_echo(mailer);
  ASSERT_TRUE(mailer.handle("slow", [&](const Intent&, std::stop_token) {
    handling = true;
    EXPECT_TRUE(wait_until([&] { return release.load(); }));
    return Result<Bytes>("");
  }));
  ASSERT_TRUE(reaches(asker, "acme/prod/mailer"));
  asker.request_async("acme/prod/mailer", "slow", "", Millis{20'000}, [](const Result<Bytes>&) {});
  ASSERT_TRUE(wait_until([&] { return handling.load(); }));
  broker_.kill();
  ASSERT_TRUE(wait_until([&] {
    return mailer.request("acme/prod/x", "echo", "", Millis{100}).error().code == Errc::kNoContact;
  }));
  EXPECT_EQ(mailer.stats().replies_lost, 0U);
  release = true;
  EXPECT_TRUE(wait_until([&] { return mailer.stats().replies_lost == 1 && told; }));
}

TEST_F(Work, BadArgumentsAreRefusedBeforeTheyTravel) {
  Agent agent = connect("acme/prod/campaign");
  EXPECT_EQ(agent.send("acme.prod.x", "echo", "").error().code, Errc::kBadAddress);
  EXPECT_EQ(agent.send("acme/prod/x", "a b\r\nPUB", "").error().code, Errc::kBadAddress);
  const Bytes large(schemas::kPayloadMax_bytes + 1, 'x');
  EXPECT_EQ(agent.send("acme/prod/x", "echo", large).error().code, Errc::kTooLarge);
  EXPECT_EQ(agent.request("acme/prod/x", "echo", "", Millis{0}).error().code, Errc::kBadArgument);
  serve_echo(agent);
  EXPECT_EQ(agent.handle("echo", [](const Intent&, std::stop_token) { return Result<Bytes>(""); })
                .error()
                .code,
            Errc::kBadArgument);
}

TEST_F(Work, ACheckpointIsHandedBackToTheNextInstance) {  // I12
  {
    Agent first = connect("acme/prod/campaign");
    EXPECT_EQ(first.checkpoint("place", "row 1"), 1U);
    EXPECT_EQ(first.checkpoint("place", "row 2"), 2U);
  }
  Agent second = connect("acme/prod/campaign");
  const auto kept = second.checkpoints();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->at("place").version, 2U);
  EXPECT_EQ(kept->at("place").bytes, "row 2");
  EXPECT_EQ(second.checkpoint("place", "row 3"), 3U);
}

TEST_F(Work, WritingOverWhatOneHasNotReadConflicts) {
  Agent first = connect("acme/prod/campaign");
  Agent second = connect("acme/prod/campaign");
  EXPECT_TRUE(first.checkpoint("place", "mine"));
  EXPECT_EQ(second.checkpoint("place", "yours").error().code, Errc::kVersionConflict);
  EXPECT_EQ(second.put_checkpoint("place", "yours", 7).error().code, Errc::kVersionConflict);
  EXPECT_EQ(second.get_checkpoint("none").error().code, Errc::kNotFound);
}

TEST_F(Work, AnEffectIsDoneOnceAndItsOutcomeRemembered) {
  Agent agent = connect("acme/prod/mailer");
  EXPECT_EQ(agent.begin("mail-7")->before, EffectState::kNone);
  EXPECT_EQ(agent.begin("mail-7")->before, EffectState::kBegun);
  EXPECT_TRUE(agent.finish("mail-7", "250 ok"));
  const auto again = agent.begin("mail-7");
  EXPECT_EQ(again->before, EffectState::kFinished);
  EXPECT_EQ(again->outcome, "250 ok");
  EXPECT_TRUE(agent.begin("mail-8"));
  EXPECT_TRUE(agent.abandon("mail-8"));
  EXPECT_EQ(agent.begin("mail-8")->before, EffectState::kNone);
}

TEST_F(Work, NoEffectBeginsUnderAKill) {  // H47
  Agent agent = connect("acme/prod/mailer");
  ASSERT_TRUE(agent.begin("mail-7"));
  control_.kill("acme/prod/mailer", "k1");
  EXPECT_TRUE(receipt_of("k1"));
  EXPECT_EQ(agent.begin("mail-8").error().code, Errc::kSenderKilled);
  EXPECT_TRUE(agent.finish("mail-7", "250 ok"));
}

TEST_F(Work, ReportsTravelWithTheBeats) {
  Agent agent = connect("acme/prod/mailer");
  agent.report({true, std::chrono::microseconds{250}, 1'500, 42, 1});
  agent.report({false, std::chrono::microseconds{50}, 0, 0, 1});
  EXPECT_TRUE(wait_until([&] { return control_.last_beat().failed == 1; }));
  const auto beat = control_.last_beat();
  EXPECT_EQ(beat.latency_total_us, 300U);
  EXPECT_EQ(beat.cost_micro_usd, 1'500U);
  EXPECT_EQ(beat.api_calls, 2U);
}

TEST_F(Work, AnAgentThatLeftSaysGoodbyeAndRefusesEverything) {
  Agent agent = connect("acme/prod/mailer");
  agent.leave();
  EXPECT_TRUE(wait_until([&] { return control_.goodbyes() == 1; }));
  EXPECT_TRUE(agent.stop_requested());
  EXPECT_EQ(agent.send("acme/prod/x", "echo", "").error().code, Errc::kNoContact);
  EXPECT_EQ(agent.checkpoint("place", "").error().code, Errc::kNoContact);
}

// A broker that takes less than Estop's own limits: what does not fit is said, with both sizes.
class SmallBroker : public RuntimeTest {
 protected:
  static constexpr std::size_t kMost_bytes = 64 * 1024;
  SmallBroker() : RuntimeTest(Broker::Options{"max_payload: 65536\n"}) {}
  const Bytes large_ = Bytes(100 * 1024, 'x');
};

TEST_F(SmallBroker, WhatDoesNotFitIsRefusedToWhoeverAsks) {
  Agent agent = connect("acme/prod/campaign");
  const auto is_told = [](const Error& error) {
    return error.code == Errc::kTooLarge &&
           error.detail.find(std::to_string(kMost_bytes)) != std::string::npos;
  };
  std::atomic<bool> told{false};
  agent.on_refused([&](const Refusal& refusal) { told = is_told(refusal.error); });
  ASSERT_TRUE(agent.send("acme/prod/mailer", "echo", large_));
  EXPECT_TRUE(wait_until([&] { return told.load(); }));
  EXPECT_TRUE(is_told(agent.request("acme/prod/mailer", "echo", large_, Millis{600'000}).error()));
  EXPECT_TRUE(is_told(agent.checkpoint("place", large_).error()));
  EXPECT_TRUE(agent.checkpoint("place", "small"));
}

TEST_F(SmallBroker, AReplyThatDoesNotFitIsAFailureForTheAsker) {
  Agent mailer = connect("acme/prod/mailer");
  Agent asker = connect("acme/prod/asker");
  serve_echo(mailer);
  ASSERT_TRUE(mailer.handle("large",
                            [&](const Intent&, std::stop_token) { return Result<Bytes>(large_); }));
  ASSERT_TRUE(reaches(asker, "acme/prod/mailer"));
  const auto reply = asker.request("acme/prod/mailer", "large", "", Millis{600'000});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kTooLarge) << reply.error();
  EXPECT_EQ(mailer.stats().replies_lost, 0U);
}

TEST_F(Work, AGoodbyeThatCannotBeSentIsCounted) {
  Agent agent = connect("acme/prod/mailer");
  broker_.kill();
  ASSERT_TRUE(wait_until([&] {
    return agent.request("acme/prod/x", "echo", "", Millis{100}).error().code == Errc::kNoContact;
  }));
  agent.leave();
  EXPECT_EQ(agent.stats().unsent, 1U);
  EXPECT_EQ(agent.handle("late", [](const Intent&, std::stop_token) { return Result<Bytes>(""); })
                .error()
                .code,
            Errc::kNoContact);
}

}  // namespace
}  // namespace estop::testing
