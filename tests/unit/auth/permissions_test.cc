// SPDX-License-Identifier: Apache-2.0

// The permissions of every role in every account, as golden text: design §5, seen from the broker.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "control/auth/auth.h"
#include "control/auth/claims.h"

namespace estop::control {
namespace {

using schemas::Address;
using schemas::Segment;
using schemas::Subjects;

Segment segment(std::string_view text) {
  return *Segment::parse(text);
}

const Role kAgent = AgentRole{*Address::parse("acme/prod/mailer")};
const Role kBridge = BridgeRole{segment("b1")};
const Role kControl = ControlRole{};
const Role kOperator = OperatorRole{segment("alice")};
const Role kAdmin = OperatorRole{segment("root"), true};
const Role kOfProd = OperatorRole{segment("carol"), false, *schemas::Scope::parse("acme/prod/*")};
const Role kAdminOfProd =
    OperatorRole{segment("dave"), true, *schemas::Scope::parse("acme/prod/*")};
const Role kViewer = ViewerRole{segment("bob")};

std::string text_of(const Role& role, Account account) {
  const auto allowed = permissions(role, account, Subjects::standard());
  if (!allowed) return "no user";
  return fmt::format("pub {}\nsub {}", fmt::join(allowed->publish, " "),
                     fmt::join(allowed->subscribe, " "));
}

struct Case {
  const char* name;
  const Role& role;
  Account account;
  std::string_view expected;
};

const Case kCases[] = {
    {"agent in AGENTS", kAgent, Account::kAgents,
     "pub estop.intent.acme.prod.mailer.> estop.work.acme.prod.mailer.> "
     "estop.hello.acme.prod.mailer.> estop.beat.acme.prod.mailer.> "
     "estop.checkpoint.acme.prod.mailer.> estop.stopped.acme.prod.mailer.>\n"
     "sub estop.deliver.acme.prod.mailer.> estop.inbox.acme.prod.mailer.> estop.control.all "
     "estop.control.acme.prod.mailer"},
    {"agent in CONTROL", kAgent, Account::kControl, "no user"},
    {"agent in SYS", kAgent, Account::kSys, "no user"},
    {"bridge in AGENTS", kBridge, Account::kAgents,
     "pub estop.deliver.> estop.inbox.> estop.receipt.b1\n"
     "sub estop.intent.> estop.work.> estop.inbox.b1.>"},
    {"bridge in CONTROL", kBridge, Account::kControl,
     "pub estop.bridge.b1 estop.audit.> estop.store.> estop.inbox.*.latched.b1 "
     "estop.read.b1\n"
     "sub estop.log estop.lease estop.emergency.* estop.emergency.*.> estop.inbox.b1.>"},
    {"bridge in SYS", kBridge, Account::kSys, "no user"},
    {"control in AGENTS", kControl, Account::kAgents,
     "pub estop.inbox.> estop.control.>\n"
     "sub estop.hello.> estop.beat.> estop.checkpoint.> estop.stopped.> estop.receipt.* "
     "estop.inbox.control.>"},
    {"control in CONTROL", kControl, Account::kControl,
     "pub estop.log estop.lease estop.event.> estop.audit.> estop.inbox.> $JS.API.>\n"
     "sub estop.command.*.* estop.command.*.*.> estop.bridge.* estop.read.* estop.audit.> "
     "estop.emergency.* estop.emergency.*.> estop.log "
     "estop.lease "
     "estop.inbox.control.>"},
    {"control in SYS", kControl, Account::kSys,
     "pub $SYS.REQ.CLAIMS.UPDATE $SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP $SYS.REQ.ACCOUNT.*.CONNZ\n"
     "sub $SYS.ACCOUNT.*.CONNECT $SYS.ACCOUNT.*.DISCONNECT estop.inbox.control.>"},
    {"operator in AGENTS", kOperator, Account::kAgents, "no user"},
    {"operator in CONTROL", kOperator, Account::kControl,
     "pub estop.command.alice.kill estop.command.alice.resume estop.command.alice.approve "
     "estop.command.alice.ps "
     "estop.command.alice.get estop.command.alice.audit "
     "estop.command.alice.verify estop.command.alice.status estop.emergency.alice\n"
     "sub estop.inbox.alice.> estop.event.>"},
    {"operator of a workspace in CONTROL", kOfProd, Account::kControl,
     "pub estop.command.carol.kill.acme.prod estop.command.carol.resume.acme.prod "
     "estop.command.carol.approve.acme.prod estop.command.carol.ps estop.command.carol.get "
     "estop.command.carol.audit estop.command.carol.verify estop.command.carol.status "
     "estop.emergency.carol.acme.prod\n"
     "sub estop.inbox.carol.> estop.event.>"},
    {"admin of a workspace in CONTROL", kAdminOfProd, Account::kControl,
     "pub estop.command.dave.kill.acme.prod estop.command.dave.resume.acme.prod "
     "estop.command.dave.approve.acme.prod estop.command.dave.revoke.acme.prod "
     "estop.command.dave.ps estop.command.dave.get "
     "estop.command.dave.audit estop.command.dave.verify estop.command.dave.status "
     "estop.emergency.dave.acme.prod\n"
     "sub estop.inbox.dave.> estop.event.>"},
    {"admin in CONTROL", kAdmin, Account::kControl,
     "pub estop.command.root.> estop.emergency.root\nsub estop.inbox.root.> estop.event.>"},
    {"operator in SYS", kOperator, Account::kSys, "no user"},
    {"viewer in AGENTS", kViewer, Account::kAgents, "no user"},
    {"viewer in CONTROL", kViewer, Account::kControl,
     "pub estop.command.bob.ps estop.command.bob.get "
     "estop.command.bob.audit estop.command.bob.verify estop.command.bob.status\n"
     "sub estop.inbox.bob.> estop.event.>"},
    {"viewer in SYS", kViewer, Account::kSys, "no user"},
};

TEST(Permissions, AreExactlyThoseOfTheDesign) {
  for (const Case& row : kCases)
    EXPECT_EQ(text_of(row.role, row.account), row.expected) << row.name;
}

TEST(Permissions, AllPassTheLinter) {
  for (const Case& row : kCases) {
    const auto allowed = permissions(row.role, row.account, Subjects::standard());
    EXPECT_TRUE(!allowed || lint_permissions(*allowed).has_value()) << row.name;
  }
}

TEST(Permissions, TheNameInACredentialSaysWhoseItIs) {
  for (const Role& role : {kAgent, kBridge, kControl, kOperator, kViewer}) {
    const auto read = role_named(name(role));
    ASSERT_TRUE(read) << name(role);
    EXPECT_EQ(read->index(), role.index());
    EXPECT_EQ(name(*read), name(role));
  }
  for (const char* other : {"", "agent", "agent-", "agent-acme.prod", "agent-Acme.prod.x",
                            "control-", "bridge-", "bridge-a.b", "witness-x", "-"}) {
    EXPECT_FALSE(role_named(other)) << other;
  }
}

TEST(Permissions, UseThePrefixOfTheSubjects) {
  const auto allowed = permissions(kAgent, Account::kAgents, Subjects(segment("staging")));
  for (const std::string& subject : allowed->publish) EXPECT_TRUE(subject.starts_with("staging."));
  for (const std::string& subject : allowed->subscribe)
    EXPECT_TRUE(subject.starts_with("staging."));
}

TEST(Permissions, NobodyIsCalledControlButControl) {
  for (const Role& role :
       {Role(BridgeRole{segment("control")}), Role(OperatorRole{segment("control")}),
        Role(ViewerRole{segment("control")})}) {
    EXPECT_EQ(text_of(role, Account::kControl), "no user");
    EXPECT_EQ(text_of(role, Account::kAgents), "no user");
  }
}

TEST(Permissions, NobodyWithoutAName) {
  EXPECT_EQ(text_of(AgentRole{}, Account::kAgents), "no user");
  EXPECT_EQ(text_of(OperatorRole{}, Account::kControl), "no user");
  EXPECT_EQ(text_of(BridgeRole{}, Account::kAgents), "no user");
}

}  // namespace
}  // namespace estop::control
