// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <sstream>

#include "tests/integration/auth/auth_broker.h"

namespace estop::testing {
namespace {

using control::Account;
using control::Role;
using schemas::Subjects;

std::string filled_in(std::string subject) {
  for (std::size_t at = 0; (at = subject.find_first_of("*>", at)) != std::string::npos; ++at) {
    subject[at] = 'x';
  }
  return subject;
}

std::vector<std::string> tokens_of(const std::string& subject) {
  std::vector<std::string> tokens;
  std::istringstream text(subject);
  for (std::string token; std::getline(text, token, '.');) tokens.push_back(token);
  return tokens;
}

bool within(const std::vector<std::string>& subject, const std::vector<std::string>& pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= subject.size()) return false;
    if (pattern[i] == ">") return true;
    if (pattern[i] != "*" && pattern[i] != subject[i]) return false;
  }
  return subject.size() == pattern.size();
}

}  // namespace

std::vector<std::string> every_subject() {
  std::set<std::string> all{">",
                            "*",
                            "*.>",
                            "estop.>",
                            "estop.*.>",
                            "estop.*.*.>",
                            "*.*.acme.prod.mailer.>",
                            "estop.deliver.*.*.*.>",
                            "estop.inbox.acme.>",
                            "estop.intent.*.*.*.>",
                            "estop.intent.acme.prod.*.>",
                            "estop.control.acme.prod.*",
                            "estop.control.*",
                            "estop.deliver.acme.prod.mailer.acme.prod.mallory.email.send",
                            "estop.inbox.acme.prod.mailer.k3j9x2ab.reply.i1.acme.prod.mallory",
                            "estop.inbox.acme.prod.mailer.k3j9x2ab.reply.>",
                            "estop.intent.acme.prod.mailery.x",
                            "estop.stopped.acme.prod.mailer.k3j9x2ab",
                            "estop.command.alice.kill",
                            "estop.command.bob.kill",
                            "estop.bridge.b2",
                            "estop.receipt.b2",
                            "estop.emergency.bob",
                            "_INBOX.>",
                            "_INBOX.x",
                            "$JS.>",
                            "$JS.API.INFO",
                            "$JS.API.STREAM.CREATE.MINE",
                            "$JS.API.STREAM.PURGE.CONTROL",
                            "$JS.API.STREAM.DELETE.CONTROL",
                            "$JS.API.STREAM.MSG.DELETE.CONTROL",
                            "$JS.API.CONSUMER.CREATE.CONTROL",
                            "$JS.API.CONSUMER.DURABLE.CREATE.CONTROL.x",
                            "$JS.ACK.x",
                            "$SYS.>",
                            "$SYS.REQ.SERVER.PING",
                            "$SYS.REQ.CLAIMS.UPDATE",
                            "$SYS.REQ.ACCOUNT.PING.CONNZ",
                            "$SRV.PING",
                            "$KV.x.y",
                            "$G.x"};
  const Subjects subjects = Subjects::standard();
  for (const Role& role :
       {mailer(), bridge(), Role(control::ControlRole{}), operator_(), viewer(), mallory()}) {
    for (const Account account : {Account::kAgents, Account::kControl, Account::kSys}) {
      const auto allowed = control::permissions(role, account, subjects);
      if (!allowed) continue;
      for (const auto* list : {&allowed->publish, &allowed->subscribe}) {
        for (const std::string& subject : *list) {
          all.insert(subject);
          all.insert(filled_in(subject));
        }
      }
    }
  }
  return {all.begin(), all.end()};
}

bool covered(const std::string& subject, const std::vector<std::string>& patterns) {
  const auto tokens = tokens_of(subject);
  for (const std::string& pattern : patterns) {
    if (within(tokens, tokens_of(pattern))) return true;
  }
  return false;
}

}  // namespace estop::testing
