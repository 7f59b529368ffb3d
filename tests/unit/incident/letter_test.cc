// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/core/letter.h"

#include <gtest/gtest.h>

namespace estop::incident {
namespace {

using schemas::Errc;

const Customer kAnn{17, "ann@b.example", "Ann"};

Letter letter_to_ann(std::string_view link) {
  return Template::parse(template_text(link)).value().letter_to(kAnn);
}

TEST(Template, FillsInTheCustomer) {
  const Letter letter = letter_to_ann(kFixedLink);
  EXPECT_EQ(letter.subject, "Spring is here, Ann");
  EXPECT_NE(letter.text.find("Dear Ann,"), std::string::npos);
  EXPECT_NE(letter.text.find("/unsubscribe/17\n"), std::string::npos);
}

TEST(Template, KeepsItsBrokenLinkBroken) {
  EXPECT_NE(letter_to_ann(kBrokenLink).text.find(kBrokenLink), std::string::npos);
}

TEST(Template, NeedsASubjectAndKnownPlaceholders) {
  for (const char* bad : {"", "Dear all", "Subject: a\nno blank line", "Subject: {{who}}\n\ntext",
                          "Subject: a\n\n{{name", "Subject: a\tb\n\ntext", "Subject: a\n\n\x01"}) {
    const auto made = Template::parse(bad);
    ASSERT_FALSE(made) << bad;
    EXPECT_EQ(made.error().code, Errc::kBadArgument);
  }
}

TEST(Letter, SurvivesItsWayAsAPayload) {
  const Letter letter = letter_to_ann(kFixedLink);
  EXPECT_EQ(decode_letter(encode_letter(letter)).value(), letter);
}

TEST(Letter, ThatCouldBreakTheMailIsRefused) {
  Letter injected = letter_to_ann(kFixedLink);
  injected.subject = "a\nBcc: everybody@b.example";
  EXPECT_FALSE(decode_letter(encode_letter(injected)));
  injected = letter_to_ann(kFixedLink);
  injected.to = "a@b.example>\r\nRCPT TO:<c@d.example";
  EXPECT_FALSE(decode_letter(encode_letter(injected)));
  injected = letter_to_ann(kFixedLink);
  injected.customer = "../17";
  EXPECT_FALSE(decode_letter(encode_letter(injected)));
}

TEST(Letter, IsAJsonObjectWithFiveTexts) {
  for (const char* bad :
       {"", "[]", "{", "17", "{\"to\":17}", R"({"campaign":"a","customer":"1"})"}) {
    const auto letter = decode_letter(bad);
    ASSERT_FALSE(letter) << bad;
    EXPECT_EQ(letter.error().code, Errc::kMalformed);
  }
}

TEST(Letter, HasOneKeyHoweverOftenItIsWritten) {
  EXPECT_EQ(effect_key(letter_to_ann(kBrokenLink)), effect_key(letter_to_ann(kFixedLink)));
  EXPECT_EQ(effect_key(letter_to_ann(kFixedLink)), "campaign/spring/17");
}

TEST(Message, EndsEveryLineWithCrLf) {
  const std::string message = to_message(letter_to_ann(kFixedLink));
  EXPECT_TRUE(message.starts_with("From: Acme <news@acme.example>\r\nTo: <ann@b.example>\r\n"));
  EXPECT_TRUE(message.ends_with("/unsubscribe/17\r\n"));
  for (std::size_t at = 0; (at = message.find('\n', at)) != std::string::npos; ++at) {
    EXPECT_EQ(message[at - 1], '\r');
  }
}

}  // namespace
}  // namespace estop::incident
