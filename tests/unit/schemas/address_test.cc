// SPDX-License-Identifier: Apache-2.0

// Names: what may stand on a subject (H14), and that one principal has one spelling (H15).
#include "schemas/address.h"

#include <gtest/gtest.h>

#include <string>

namespace estop::schemas {
namespace {

struct Case {
  std::string text;
  bool good;
};

TEST(AddressTest, H14_OnlyCleanAddressesParse) {
  const Case cases[] = {
      {"acme/prod/mailer", true},
      {"a/b/c", true},
      {"0/1/2", true},
      {"acme/prod/e-mail_campaign-2", true},
      {std::string(63, 'a') + "/b/c", true},
      {std::string(64, 'a') + "/b/c", false},
      {"", false},
      {"acme", false},
      {"acme/prod", false},
      {"acme/prod/", false},
      {"/prod/mailer", false},
      {"acme//mailer", false},
      {"acme/prod/mailer/", false},
      {"acme/prod/mailer/x", false},
      {"acme.prod.mailer", false},
      {"acme/prod/mail.er", false},
      {"Acme/prod/mailer", false},
      {"acme/prod/mailer ", false},
      {" acme/prod/mailer", false},
      {"acme/prod/-mailer", false},
      {"acme/prod/_mailer", false},
      {"acme/prod/*", false},
      {"acme/>/mailer", false},
      {"acme/prod/m\u00e4iler", false},
      {std::string("acme/prod/mailer\0x", 18), false},
      {"acme/prod/mailer\r\nPUB estop.log 0\r\n\r\n", false},
      {"acme/prod/mailer\t", false},
  };
  for (const Case& c : cases) EXPECT_EQ(Address::parse(c.text).has_value(), c.good) << c.text;
}

TEST(AddressTest, H14_EveryByteAtEveryPlaceEitherKeepsThreeTokensOrIsRefused) {
  const std::string base = "acme/prod/mailer";
  for (std::size_t at = 0; at < base.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = base;
      text[at] = static_cast<char>(byte);
      const auto address = Address::parse(text);
      if (!address) continue;
      EXPECT_EQ(std::count(address->tokens().begin(), address->tokens().end(), '.'), 2);
      EXPECT_EQ(address->text(), text);
      EXPECT_EQ(address->tokens().find_first_of("*> \t\r\n"), std::string::npos);
    }
  }
}

TEST(AddressTest, H15_AnotherSpellingOfAnAddressIsRefusedAndNeverASecondPrincipal) {
  for (const char* text :
       {"Acme/prod/x", "acme/prod/x ", "acme.prod.x", "acme/prod/x.", "acme/prod/X"}) {
    EXPECT_EQ(Address::parse(text).error().code, Errc::kBadAddress) << text;
  }
}

TEST(AddressTest, TheRefusalNamesTheRuleAndHidesControlBytes) {
  const auto error = Address::parse("acme/prod/\x1b[2J").error();
  EXPECT_NE(error.detail.find("org/workspace/name"), std::string::npos);
  EXPECT_NE(error.detail.find("\\x1b"), std::string::npos);
  EXPECT_EQ(error.detail.find('\x1b'), std::string::npos);
}

TEST(AddressTest, PartsAreWhatWasWritten) {
  const auto address = Address::parse("acme/prod/mailer").value();
  EXPECT_EQ(address.org(), "acme");
  EXPECT_EQ(address.workspace(), "prod");
  EXPECT_EQ(address.name(), "mailer");
  EXPECT_EQ(Address::from_tokens("acme.prod.mailer").value(), address);
}

TEST(ScopeTest, EveryFormParsesAndPrintsAsItWasWritten) {
  const std::pair<const char*, Scope::Kind> cases[] = {
      {"*", Scope::Kind::kFleet},
      {"acme/*", Scope::Kind::kOrg},
      {"acme/prod/*", Scope::Kind::kWorkspace},
      {"acme/prod/mailer", Scope::Kind::kAgent},
      {"acme/prod/mailer@k3j9x2ab", Scope::Kind::kInstance},
  };
  for (const auto& [text, kind] : cases) {
    const auto scope = Scope::parse(text);
    ASSERT_TRUE(scope.has_value()) << text;
    EXPECT_EQ(scope->kind(), kind);
    EXPECT_EQ(scope->text(), text);
  }
}

TEST(ScopeTest, WhatIsNoScopeIsRefused) {
  for (const char* text :
       {"", "acme", "acme/prod", "**", "*/*", "acme/*/x", "acme/prod/x/*", "a.b/*",
        "acme/prod/mailer@", "acme/prod/mailer@short", "acme/prod/*@k3j9x2ab",
        "acme/prod/mailer@K3J9X2AB", "acme/prod/mailer@k3j9x2ab@k3j9x2ab"}) {
    EXPECT_EQ(Scope::parse(text).error().code, Errc::kBadScope) << text;
  }
}

TEST(ScopeTest, AScopeCoversWhatLiesBelowItAndNothingElse) {
  const struct {
    const char* scope;
    const char* address;
    const char* instance;
    bool covered;
  } cases[] = {
      {"*", "acme/prod/mailer", "k3j9x2ab", true},
      {"acme/*", "acme/prod/mailer", "k3j9x2ab", true},
      {"acm/*", "acme/prod/mailer", "k3j9x2ab", false},
      {"acme/prod/*", "acme/prod/mailer", "k3j9x2ab", true},
      {"acme/pro/*", "acme/prod/mailer", "k3j9x2ab", false},
      {"acme/prod/mailer", "acme/prod/mailer", "k3j9x2ab", true},
      {"acme/prod/mail", "acme/prod/mailer", "k3j9x2ab", false},
      {"acme/prod/mailer2", "acme/prod/mailer", "k3j9x2ab", false},
      {"acme/prod/mailer@k3j9x2ab", "acme/prod/mailer", "k3j9x2ab", true},
      {"acme/prod/mailer@k3j9x2ab", "acme/prod/mailer", "zzzzzzzz", false},
  };
  for (const auto& c : cases) {
    const auto scope = Scope::parse(c.scope).value();
    EXPECT_EQ(scope.covers(Address::parse(c.address).value(), c.instance), c.covered)
        << c.scope << " " << c.address;
  }
}

TEST(ScopeTest, WiderScopesCoverNarrowerOnes) {
  const char* chain[] = {"*", "acme/*", "acme/prod/*", "acme/prod/mailer",
                         "acme/prod/mailer@k3j9x2ab"};
  for (std::size_t wide = 0; wide < std::size(chain); ++wide) {
    for (std::size_t narrow = 0; narrow < std::size(chain); ++narrow) {
      EXPECT_EQ(Scope::parse(chain[wide])->covers(*Scope::parse(chain[narrow])), wide <= narrow);
    }
  }
}

}  // namespace
}  // namespace estop::schemas
