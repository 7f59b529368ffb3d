// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/verdict.h"

#include <gtest/gtest.h>

#include "agent-runtime/examples/incident/core/letter.h"

namespace estop::incident {
namespace {

constexpr std::int64_t kMilli_ns = 1'000'000;
constexpr Moments kMoments{1'000 * kMilli_ns, 4'000 * kMilli_ns};

const std::vector<Customer> kCustomers{
    {0, "a@b.example", "A"}, {1, "b@b.example", "B"}, {2, "c@b.example", "C"}};

Delivery broken(const char* to, std::int64_t at_ms) {
  return {to, at_ms * kMilli_ns, Link::kBroken};
}
Delivery fixed(const char* to, std::int64_t at_ms) {
  return {to, at_ms * kMilli_ns, Link::kFixed};
}

Closing kept_closing() {
  Closing closing;
  closing.mails = {3, 1, 1, 0, 0, 0, 0, 0};
  closing.refused_while_killed = 17;
  closing.fence_ms = 0.8376;
  closing.stopped = 2;
  closing.stopped_of = 3;
  closing.unconfirmed = {"acme/prod/email-campaign@rogue000"};
  closing.audit_ok = true;
  return closing;
}

std::string dump(std::string_view recipient, std::string_view link) {
  return "X-Client-Addr: 127.0.0.1\nX-Mail-Args: <news@acme.example>\nX-Rcpt-Args: <" +
         std::string(recipient) +
         ">\nReceived: from m\nSubject: x\n\nUnsubscribe: " + std::string(link) + "\n\n";
}

TEST(Deliveries, AreReadFromTheServersFile) {
  EXPECT_EQ(read_delivery(dump("a@b.example", kBrokenLink), 17),
            (Delivery{"a@b.example", 17, Link::kBroken}));
  EXPECT_EQ(read_delivery(dump("a@b.example", "https://lists.example.com/unsubscribe/0"), 17)->link,
            Link::kFixed);
  EXPECT_EQ(read_delivery(dump("a@b.example", "https://other.example/"), 17)->link, Link::kNeither);
}

TEST(Deliveries, ToNobodyOrToSeveralAreNone) {
  EXPECT_FALSE(read_delivery("", 17));
  EXPECT_FALSE(read_delivery("X-Rcpt-Args: <a@b.example", 17));
  EXPECT_FALSE(read_delivery(dump("a@b.example>\nX-Rcpt-Args: <c@d.example", kBrokenLink), 17));
}

TEST(Count, SortsMailsByTheMomentsOfTheKill) {
  const MailCount count = count_mails(
      kCustomers,
      {broken("a@b.example", 1'000), broken("b@b.example", 1'250), fixed("c@b.example", 4'000)},
      kMoments);
  EXPECT_EQ(count, (MailCount{3, 1, 1, 0, 0, 0, 0, 0}));
}

struct Slip {
  const char* what;
  std::vector<Delivery> deliveries;
  MailCount count;
};
void PrintTo(const Slip& slip, std::ostream* out) {
  *out << slip.what;
}

class Slips : public ::testing::TestWithParam<Slip> {};

TEST_P(Slips, AreCounted) {
  EXPECT_EQ(count_mails({kCustomers[0]}, GetParam().deliveries, kMoments), GetParam().count);
}

INSTANTIATE_TEST_SUITE_P(
    Record, Slips,
    ::testing::Values(
        Slip{"nothing", {}, {1, 0, 0, 0, 0, 1, 0, 0}},
        Slip{"late", {broken("a@b.example", 1'251)}, {1, 0, 0, 1, 0, 0, 0, 0}},
        Slip{"just before the resume", {broken("a@b.example", 3'999)}, {1, 0, 0, 1, 0, 0, 0, 0}},
        Slip{"twice",
             {broken("a@b.example", 1), fixed("a@b.example", 5'000), fixed("a@b.example", 5'001)},
             {1, 1, 0, 0, 2, 0, 0, 0}},
        Slip{"stranger", {broken("x@b.example", 1)}, {1, 1, 0, 0, 0, 1, 1, 0}},
        Slip{"broken after the resume", {broken("a@b.example", 4'001)}, {1, 0, 0, 0, 0, 0, 0, 1}},
        Slip{"fixed before it", {fixed("a@b.example", 1)}, {1, 1, 0, 0, 0, 0, 0, 1}}));

TEST(ClosingLine, IsTheObjectThatTheDemoPromises) {
  EXPECT_EQ(
      to_json(kept_closing()),
      R"({"customers":3,"mails_before_kill":1,"in_flight_at_fence":1,"mails_after_fence":0,)"
      R"("refused_while_killed":17,"duplicates":0,"missing":0,"fence_ms":0.838,"stopped":"2/3",)"
      R"("unconfirmed":["acme/prod/email-campaign@rogue000"],"audit_ok":true})");
}

TEST(Promise, IsKeptOrNamedOneByOne) {
  EXPECT_TRUE(broken_promises(kept_closing(), 8).empty());
  Closing broken_all;
  broken_all.mails = {3, 1, 9, 1, 1, 1, 1, 1};
  EXPECT_EQ(broken_promises(broken_all, 8).size(), 8U);
}

}  // namespace
}  // namespace estop::incident
