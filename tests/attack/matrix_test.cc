// SPDX-License-Identifier: Apache-2.0

// Every subject, by everybody who may turn hostile: publish, subscribe, subscribe in a queue group.
// What his lists do not allow the broker refuses, and nobody hears it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/attack/built_subjects.h"
#include "tests/attack/scene.h"

namespace estop::testing {
namespace {

using control::Account;

constexpr const char* kMark = "attack-7f3a";

std::set<std::string> all_in(const std::string& text, const std::string& expression) {
  std::set<std::string> found;
  const std::regex pattern(expression);
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(AttackTargets, HoldEveryBuilderOfSubjects) {
  std::set<std::string> tried;
  for (const BuiltSubject& built : every_built_subject()) tried.insert(built.builder);
  const auto builders = all_in(read_text(ESTOP_SOURCE_DIR "/schemas/subjects.h"),
                               R"(\n  (?:\[\[nodiscard\]\] (?:static )?Subject|void) (\w+)\()");
  EXPECT_GT(builders.size(), 40U);
  EXPECT_EQ(tried, builders);
}

TEST(AttackTargets, HoldEverySubjectOfTheProtocol) {
  std::set<std::string> tried;
  for (const std::string& target : every_target()) {
    tried.insert(target.substr(0, target.find('.', sizeof "estop")));
  }
  const auto kinds =
      all_in(read_text(ESTOP_SOURCE_DIR "/schemas/PROTOCOL.md"), R"(\| `(estop\.[a-z]+))");
  EXPECT_GE(kinds.size(), 14U);
  for (const std::string& kind : kinds) EXPECT_TRUE(tried.contains(kind)) << kind;
}

// What is tried is what the lists do not allow; so an agent's lists must name nobody else.
TEST(AttackTargets, AnAgentsListsNameOnlyItself) {
  const auto own = lists_of({mallory(), Account::kAgents});
  const std::regex itself(R"(estop\.[a-z]+\.acme\.prod\.mallory(\.>)?)");
  for (const auto* list : {&own.publish, &own.subscribe}) {
    for (const std::string& pattern : *list) {
      const bool is_broadcast = list == &own.subscribe && pattern == "estop.control.all";
      EXPECT_TRUE(is_broadcast || std::regex_match(pattern, itself)) << pattern;
    }
  }
}

bool refused(RawNats& client, const char* direction, const std::string& subject) {
  const RawAnswers answers = client.sync();
  return answers.errors.size() == 1 &&
         answers.errors.front().starts_with(
             fmt::format("'Permissions Violation for {} to \"{}\"", direction, subject));
}

bool is_marked(const RawMessage& message) {
  return message.data.find(kMark) != std::string::npos;
}

// H1, H2, H7, H38
TEST(AttackMatrix, H1H2H7NobodyPublishesOutsideHisLists) {
  Scene scene;
  const std::string before = scene.state();
  std::vector<Canary> canaries;
  for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
    canaries.push_back(scene.canary(account));
  }
  for (const Seat& seat : hostile_seats()) {
    RawNats attacker = scene.enter(seat);
    for (const std::string& subject : every_target()) {
      if (covered(subject, lists_of(seat).publish)) continue;
      attacker.publish(subject, kMark);
      EXPECT_TRUE(refused(attacker, "Publish", subject)) << name_of(seat) << ' ' << subject;
    }
  }
  for (Canary& canary : canaries) {
    for (const RawMessage& message : canary.heard()) {
      EXPECT_FALSE(is_marked(message)) << message.subject;
    }
  }
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

// H4, H6
TEST(AttackMatrix, H4H6NobodySubscribesOutsideHisLists) {
  Scene scene;
  const std::string before = scene.state();
  for (const Seat& seat : hostile_seats()) {
    const auto own = lists_of(seat).subscribe;
    RawNats attacker = scene.enter(seat);
    int sid = 0;
    for (const std::string& subject : every_target()) {
      if (covered(subject, own)) continue;
      for (const char* queue : {"", "bridge", "agents", "anybody"}) {
        attacker.subscribe(subject, ++sid, queue);
        EXPECT_TRUE(refused(attacker, "Subscription", subject))
            << name_of(seat) << ' ' << subject << ' ' << queue;
      }
    }
    Canary canary = scene.canary(seat.account);
    for (const std::string& subject : every_target()) {
      const bool is_real = has_wildcard(subject) || subject.front() == '$' ||
                           subject == "estop.log" || covered(subject, own);
      if (!is_real) canary.socket().publish(subject, kMark);
    }
    EXPECT_FALSE(canary.heard().empty());
    EXPECT_TRUE(attacker.sync().messages.empty()) << name_of(seat);
  }
  EXPECT_EQ(scene.state(), before);
  EXPECT_EQ(scene.what_is_broken(), "");
}

}  // namespace
}  // namespace estop::testing
