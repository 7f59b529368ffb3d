// SPDX-License-Identifier: Apache-2.0

// Who may end a request that waits. H64.
#include "agent-runtime/src/requests.h"

#include <gtest/gtest.h>

#include <vector>

namespace estop::agent {
namespace {

using std::chrono::seconds;
using Reply = Requests::Reply;

class RequestsTest : public ::testing::Test {
 protected:
  void ask(const std::string& id, const std::string& whom, BootTime deadline = seconds(10)) {
    requests_.add(id, schemas::Address::parse(whom).value(), deadline, [this](Result<Bytes> one) {
      ends_.push_back(one ? *one : std::string(schemas::name(one.error().code)));
    });
  }
  Reply reply(const std::string& id, std::string_view from) {
    return requests_.reply(id, from, Bytes("from ").append(from));
  }
  Requests requests_;
  std::vector<std::string> ends_;
};

TEST_F(RequestsTest, H64_AStrangersReplyIsIgnoredAndTheRightOneAnswers) {
  ask("i1", "acme/prod/y");
  EXPECT_EQ(reply("i1", "acme.prod.mallory"), Reply::kForeign);
  EXPECT_EQ(reply("i1", "acme.prod.mallory"), Reply::kForeignAgain);
  EXPECT_TRUE(ends_.empty());
  ASSERT_NE(requests_.asked("i1"), nullptr);
  EXPECT_EQ(requests_.asked("i1")->text(), "acme/prod/y");
  EXPECT_EQ(reply("i1", "acme.prod.y"), Reply::kTaken);
  EXPECT_EQ(ends_, std::vector<std::string>{"from acme.prod.y"});
  EXPECT_EQ(reply("i1", "acme.prod.y"), Reply::kUnknown);
  EXPECT_EQ(requests_.asked("i1"), nullptr);
}

TEST_F(RequestsTest, H64_OnlyTheWholeAddressIsTheOneThatWasAsked) {
  ask("i1", "acme/prod/y");
  for (const char* other : {"", "acme", "acme.prod", "acme.prod.", "acme.prod.y2", "acme.prod.Y",
                            "acme.prod.y.k3j9x2ab", "acme.test.y", "beta.prod.y", "acme/prod/y"}) {
    EXPECT_NE(reply("i1", other), Reply::kTaken) << other;
  }
  EXPECT_TRUE(ends_.empty());
}

TEST_F(RequestsTest, H64_AFailureByAStrangerIsIgnoredToo) {
  ask("i1", "acme/prod/y");
  EXPECT_EQ(requests_.reply("i1", "acme.prod.mallory", fail(Errc::kInternal, "no")),
            Reply::kForeign);
  EXPECT_TRUE(ends_.empty());
}

TEST_F(RequestsTest, ARequestThatOnlyAStrangerAnswersEndsInItsTime) {
  ask("i1", "acme/prod/y", seconds(10));
  EXPECT_EQ(reply("i1", "acme.prod.mallory"), Reply::kForeign);
  EXPECT_EQ(requests_.next_deadline(), BootTime(seconds(10)));
  requests_.expire(seconds(10));
  EXPECT_EQ(ends_, std::vector<std::string>{"timeout"});
  EXPECT_EQ(requests_.size(), 0U);
}

TEST_F(RequestsTest, ARefusalComesFromABridgeAndEndsTheRequest) {
  ask("i1", "acme/prod/y");
  EXPECT_TRUE(requests_.answer("i1", fail(Errc::kReceiverKilled, "by alice")));
  EXPECT_EQ(ends_, std::vector<std::string>{"receiver-killed"});
  EXPECT_FALSE(requests_.answer("i1", Bytes()));
}

}  // namespace
}  // namespace estop::agent
