// SPDX-License-Identifier: Apache-2.0

// What control does with a message that its connection does not take: it is counted and logged, and
// whoever waits for an answer gets a small one instead.
#include "control/app/outbox.h"

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "control/app/agent_desk.h"
#include "control/app/log_desk.h"
#include "schemas/codec.h"
#include "tests/integration/nats/fixture.h"
#include "tests/support/broker.h"
#include "tests/unit/control/world.h"

namespace estop::control {
namespace {

using nats::event;
using nats::inbox;
using nats::segment;
using nats::subjects;
using nlohmann::json;
using schemas::Errc;

constexpr std::size_t kSmallBroker_bytes = 64 * 1024;

class OutboxTest : public nats::OneLoop {
 protected:
  // A broker that takes messages of at most `payload_max` bytes, control's connection and another.
  // 0: as it comes, with JetStream.
  void begin(std::size_t payload_max = 2 * schemas::kMessageMax_bytes) {
    testing::Broker::Options options;
    if (payload_max != 0) options.config = "max_payload: " + std::to_string(payload_max) + "\n";
    options.jetstream = payload_max == 0;
    broker.emplace(std::move(options));
    link = connected(broker->url(), "control");
    ear = connected(broker->url(), "alice");
    ear->subscribe(to, [this](const nats::MessageView& m) { heard.emplace_back(m.data); });
    ASSERT_TRUE(settle(*ear));
    outbox.emplace(on_loop_, *link, metrics);
  }
  void answer(const std::string& text, schemas::Form form = schemas::Form::kJson) {
    outbox->answer({to, form}, text);
  }
  [[nodiscard]] bool hears(std::size_t count) {
    return run_until([&] { return heard.size() >= count; });
  }
  [[nodiscard]] std::uint64_t unsent(Unsent what) {
    const std::string page = metrics.text(*world.core, *recorder, 0);
    const std::string series =
        "\nestop_control_unsent_total{what=\"" + std::string(name(what)) + "\"} ";
    const auto at = page.find(series);
    EXPECT_NE(at, std::string::npos) << series;
    return std::stoull(page.substr(at + series.size()));
  }
  // A JSON text of exactly so many bytes.
  static std::string text_of(std::size_t bytes) {
    const std::string frame = R"({"x":""})";
    return R"({"x":")" + std::string(bytes - frame.size(), 'x') + "\"}";
  }

  testing::TempDir folder;
  std::unique_ptr<Recorder> recorder =
      std::move(Recorder::open({.folder = folder.file("control")}).value());
  World world;
  ControlMetrics metrics;
  std::optional<testing::Broker> broker;
  std::unique_ptr<nats::Connection> link, ear;
  std::optional<Outbox> outbox;
  schemas::Subject to = *subjects().honoured_reply("alice", "estop.inbox.alice.rpc.1");
  std::vector<std::string> heard;
};

TEST_F(OutboxTest, AnAnswerThatIsTooLargeBecomesAnErrorInTheSameForm) {
  const struct {
    std::size_t payload_max;
    std::size_t bytes;
    schemas::Form form;
    std::size_t most;  // that its error names; 0: it arrives as it is
  } rows[] = {
      {2 * schemas::kMessageMax_bytes, 10, schemas::Form::kJson, 0},
      {2 * schemas::kMessageMax_bytes, 10, schemas::Form::kMsgpack, 0},
      {2 * schemas::kMessageMax_bytes, schemas::kMessageMax_bytes, schemas::Form::kJson, 0},
      {2 * schemas::kMessageMax_bytes, schemas::kMessageMax_bytes + 1, schemas::Form::kJson,
       schemas::kMessageMax_bytes},
      {2 * schemas::kMessageMax_bytes, schemas::kMessageMax_bytes + 9, schemas::Form::kMsgpack,
       schemas::kMessageMax_bytes},
      {kSmallBroker_bytes, kSmallBroker_bytes, schemas::Form::kJson, 0},
      {kSmallBroker_bytes, kSmallBroker_bytes + 1, schemas::Form::kJson, kSmallBroker_bytes},
      {kSmallBroker_bytes, kSmallBroker_bytes + 9, schemas::Form::kMsgpack, kSmallBroker_bytes},
  };
  std::uint64_t failed = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(std::to_string(row.bytes) + " of " + std::to_string(row.payload_max));
    begin(row.payload_max);
    heard.clear();
    const std::string text = text_of(row.bytes);
    answer(text, row.form);
    ASSERT_TRUE(hears(1));
    EXPECT_EQ(schemas::form_of(heard[0]), row.form);
    if (row.most == 0) {
      EXPECT_EQ(heard[0], schemas::from_json(text, row.form));
      continue;
    }
    const json error = json::parse(schemas::to_json(heard[0]).value().json);
    EXPECT_EQ(error["error"]["code"], static_cast<int>(Errc::kTooLarge)) << error.dump();
    EXPECT_NE(error.dump().find(std::to_string(row.most)), std::string::npos) << error.dump();
    EXPECT_EQ(unsent(Unsent::kAnswer), ++failed);
  }
}

TEST_F(OutboxTest, WhatIsSentArrivesOnceAndInItsOrder) {
  begin();
  std::vector<std::string> said;
  for (int i = 0; i < 500; ++i) {
    said.push_back("{\"n\":" + std::to_string(i) + "}");
    if (i % 100 == 50) answer(text_of(schemas::kMessageMax_bytes + 1));  // an error in its place
    if (i % 2 == 0) {
      answer(said.back());
    } else {
      EXPECT_TRUE(outbox->send(Unsent::kAnswer, to, said.back()));
    }
  }
  ASSERT_TRUE(hears(said.size() + 5));
  std::erase_if(heard, [](const std::string& one) { return one.find("code") != one.npos; });
  EXPECT_EQ(heard, said);
}

TEST_F(OutboxTest, WithoutAConnectionNothingIsKeptAndEachKindIsCounted) {
  begin();
  broker->stop();
  ASSERT_TRUE(run_until([&] { return !link->is_connected() && !ear->is_connected(); }));
  EXPECT_EQ(outbox->most_bytes(), 0U);
  for (const Unsent what : kUnsent) EXPECT_FALSE(outbox->send(what, to, "while down"));
  answer("{}");
  answer(text_of(schemas::kMessageMax_bytes + 1));
  for (const Unsent what : kUnsent) {
    EXPECT_EQ(unsent(what), what == Unsent::kAnswer ? 3U : 1U) << name(what);
  }
  broker->restart();
  ASSERT_TRUE(run_until([&] { return link->is_connected() && ear->is_connected(); }));
  ASSERT_TRUE(settle(*ear));
  answer(R"({"now":1})");
  ASSERT_TRUE(hears(1));
  EXPECT_EQ(heard.front(), R"({"now":1})") << "nothing of it is sent later";
}

TEST_F(OutboxTest, AFullConnectionTakesNoMoreUntilTheBrokerReadsAgain) {
  constexpr std::size_t kEach_bytes = 1024 * 1024;
  begin();
  const std::string data(kEach_bytes, 'x');
  broker->signal(SIGSTOP);
  std::size_t sent = 0;
  while (outbox->send(Unsent::kEvent, event("x"), data)) ASSERT_LT(++sent, 1'000U) << "no bound";
  EXPECT_EQ(unsent(Unsent::kEvent), 1U);
  answer("{}");
  EXPECT_EQ(unsent(Unsent::kAnswer), 1U) << "it fits: no error goes out in its place";
  broker->signal(SIGCONT);
  ASSERT_TRUE(run_until([&] { return link->is_connected() && link->buffered_bytes() == 0; }));
  ASSERT_TRUE(run_until([&] { return ear->is_connected(); }));
  ASSERT_TRUE(settle(*ear));
  answer(R"({"now":1})");
  EXPECT_TRUE(hears(1));
}

TEST_F(OutboxTest, WhoLeftNoSubjectIsNotAnsweredAndNothingIsCounted) {
  begin();
  outbox->answer({}, "{}");
  EXPECT_EQ(unsent(Unsent::kAnswer), 0U);
}

TEST_F(OutboxTest, EachKindIsLoggedOnceAMinute) {
  begin();
  broker->stop();
  ASSERT_TRUE(run_until([&] { return !link->is_connected(); }));
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(outbox->send(Unsent::kLease, to, std::string(static_cast<std::size_t>(i), 'x')));
    EXPECT_FALSE(outbox->send(Unsent::kOrder, to, std::to_string(i)));
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (auto at = log.find("not-sent"); at != log.npos; at = log.find("not-sent", at + 1)) ++lines;
  EXPECT_EQ(lines, 2U) << log;
  EXPECT_EQ(unsent(Unsent::kLease), 100U);
}

TEST_F(OutboxTest, AnAgentGetsASmallAnswerInThePlaceOfOneThatDoesNotFit) {
  begin(kSmallBroker_bytes);
  AgentDesk desk(on_loop_, *link, subjects(), metrics, schemas::kAgentBeat_ms,
                 {[](const Heard&) {}, [](const schemas::Address&) { return false; }});
  schemas::StoreReply checkpoint;
  checkpoint.version = 7;
  checkpoint.bytes.assign(kSmallBroker_bytes, 'x');
  schemas::HelloReply hello;
  for (int i = 0; i < 1'000; ++i) hello.checkpoints.push_back({std::string(200, 'k'), 1, 1});
  const Asker asker = asker_of({to, schemas::Form::kMsgpack});
  desk.perform({asker, checkpoint});
  desk.perform({asker, hello});
  ASSERT_TRUE(hears(2));
  const auto no_checkpoint = schemas::decode<schemas::StoreReply>(heard[0]);
  ASSERT_TRUE(no_checkpoint);
  EXPECT_EQ(no_checkpoint->code, Errc::kTooLarge);
  EXPECT_NE(no_checkpoint->detail.find(std::to_string(kSmallBroker_bytes)), std::string::npos);
  const auto no_hello = schemas::decode<schemas::HelloReply>(heard[1]);
  ASSERT_TRUE(no_hello);
  EXPECT_EQ(no_hello->code, Errc::kTooLarge);
  EXPECT_EQ(unsent(Unsent::kAgentReply), 2U);
}

TEST_F(OutboxTest, ABridgeHearsThatARecordItAskedForCouldNotBeSent) {
  begin(0);
  nats::JetStream stream(*link, subjects());
  std::vector<bool> tried;
  LogDesk desk(*link, stream, subjects(),
               [&](const schemas::Subject& subject, std::string_view bytes) {
                 tried.push_back(tried.size() != 0 && link->publish(subject, bytes));
                 return tried.back();  // the first is not taken
               });
  desk.listen();
  bool stored = false;
  stream.ensure_stream(nats::Millis(2'000), [&](const auto& made) {
    ASSERT_TRUE(made) << made.error();
    stream.append("a record", 0, nats::Millis(2'000),
                  [&](const auto& seq) { stored = seq.has_value(); });
  });
  ASSERT_TRUE(run_until([&] { return stored; }));
  const auto bridge = connected(broker->url(), "b1");
  std::optional<schemas::LogReadReply> reply;
  bridge->request(subjects().read(segment("b1")), schemas::encode(schemas::LogRead{1}),
                  nats::Millis(5'000), [&](const schemas::Result<nats::MessageView>& one) {
                    if (one) reply = schemas::decode<schemas::LogReadReply>(one->data).value();
                  });
  ASSERT_TRUE(run_until([&] { return reply.has_value(); }));
  EXPECT_EQ(reply->code, Errc::kTooLarge);
  EXPECT_EQ(tried, (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace estop::control
