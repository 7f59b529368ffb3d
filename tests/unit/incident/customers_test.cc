// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/customers.h"

#include <gtest/gtest.h>

#include <set>

#include "agent-runtime/examples/incident/core/csv.h"

namespace estop::incident {
namespace {

std::string word_list() {
  std::string list = "Aachen\nit's\nab\n";
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'j'; ++b) list += std::string{a, b, 'x'} + '\n';
  }
  return list;
}

TEST(Csv, SplitsQuotedFieldsAndCountsLinesAsAnEditorDoes) {
  const auto rows = read_csv(
      "\xEF\xBB\xBF"
      "name,email\r\n\r\n\"Doe, \"\"J\"\"\",j@doe.example");
  ASSERT_TRUE(rows);
  EXPECT_EQ(*rows,
            (std::vector<CsvRow>{{1, {"name", "email"}}, {3, {"Doe, \"J\"", "j@doe.example"}}}));
}

TEST(Csv, KeepsEmptyFields) {
  const auto rows = read_csv(",a,\n");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->front().fields, (std::vector<std::string>{"", "a", ""}));
}

struct BadFile {
  const char* what;
  std::string text;
  const char* detail;
};
void PrintTo(const BadFile& bad, std::ostream* out) {
  *out << bad.what;
}

class BadCustomers : public ::testing::TestWithParam<BadFile> {};

TEST_P(BadCustomers, AreRefusedWithTheirLine) {
  const auto customers = read_customers(GetParam().text);
  ASSERT_FALSE(customers);
  EXPECT_EQ(customers.error().code, schemas::Errc::kBadArgument);
  EXPECT_NE(customers.error().detail.find(GetParam().detail), std::string::npos)
      << customers.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadCustomers,
    ::testing::Values(
        BadFile{"empty", "", "line 1: the file is empty"},
        BadFile{"only a header", "email\n", "line 2: there is no customer"},
        BadFile{"no column", "name,mail\na,b\n", "line 1: the header has no column `email`"},
        BadFile{"no address", "email\na@b.example\nnobody\n", "line 3: 'nobody' is no"},
        BadFile{"short row", "name,email\na,a@b.example\nb\n", "line 3: 1 fields"},
        BadFile{"twice", "email\na@b.example\nc@b.example\nA@b.EXAMPLE\n",
                "line 4: A@b.EXAMPLE is already in line 2"},
        BadFile{"open quote", "email\n\"a@b.example\n", "line 2: a quote is never closed"},
        BadFile{"text after a quote", "email\n\"a@b.example\"x\n", "line 2: text after"},
        BadFile{"quote inside", "email\na\"@b.example\n", "line 2: a quote inside"},
        BadFile{"control character", "email\na@b.example\x01\n", "line 2: a control"},
        BadFile{"NUL", std::string("email\na@b.example\0\n", 19), "line 2: a control"},
        BadFile{"no UTF-8", "email,name\na@b.example,\xff\n", "line 2: a control"}));

TEST(Customers, AreNumberedInTheOrderOfTheFile) {
  const auto customers = read_customers("id,E-Mail,Name\n7,a@b.example,Ann\n9,c@d.example,Cy\n");
  ASSERT_TRUE(customers);
  EXPECT_EQ(*customers,
            (std::vector<Customer>{{0, "a@b.example", "Ann"}, {1, "c@d.example", "Cy"}}));
}

TEST(Customers, WithoutANameAreCalledByTheirAddress) {
  const auto customers = read_customers("email\na@b.example\n");
  ASSERT_TRUE(customers);
  EXPECT_EQ(customers->front().name, "a@b.example");
}

TEST(Emails, ThatCouldSpeakSmtpAreNone) {
  for (const char* bad :
       {"", "@", "a@", "@b.example", "a@b", "a b@c.example", "a@b.example>", "a@b..c",
        "<a@b.example", "a@b.example\r\nDATA", ".a@b.example", "a..b@c.example", "a@-b.example",
        "\xc3\xa4@b.example", "a@b@c.example"}) {
    EXPECT_FALSE(is_email(bad)) << bad;
  }
  EXPECT_FALSE(is_email(std::string(65, 'a') + "@b.example"));
  EXPECT_TRUE(is_email("first.last+tag@sub.b-c.example"));
}

TEST(Customers, MadeFromAWordListAreAllDifferent) {
  const auto csv = make_customers(word_list(), 3'000);
  ASSERT_TRUE(csv);
  const auto customers = read_customers(*csv);
  ASSERT_TRUE(customers) << customers.error().detail;
  EXPECT_EQ(customers->size(), 3'000U);
  EXPECT_EQ(customers->front().email, "aax.abx@example.com");
  EXPECT_EQ(customers->front().name, "Aax Abx");
}

TEST(Customers, NeedAWordListOfSomeLength) {
  EXPECT_FALSE(make_customers("apple\npear\n", 10));
}

TEST(Partitions, ShareEveryCustomerExactlyOnce) {
  const auto csv = make_customers(word_list(), 100);
  const auto all = read_customers(csv.value()).value();
  std::set<std::size_t> rows;
  for (std::size_t k = 1; k <= 3; ++k) {
    for (const Customer& customer : partition(all, k, 3))
      EXPECT_TRUE(rows.insert(customer.row).second);
  }
  EXPECT_EQ(rows.size(), 100U);
  EXPECT_TRUE(partition(all, 200, 300).empty());
}

}  // namespace
}  // namespace estop::incident
