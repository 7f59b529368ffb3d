// SPDX-License-Identifier: Apache-2.0
#include "control/app/reply_to.h"

namespace estop::control {

namespace {
// The first byte of the token; the subject follows.
constexpr char kJson = 'j';
constexpr char kMsgpack = 'm';
}  // namespace

Asker asker_of(const ReplyTo& reply) {
  if (reply.subject.empty()) return {};
  const char form = reply.form == schemas::Form::kJson ? kJson : kMsgpack;
  return Asker(form + reply.subject.str());
}

ReplyTo reply_to(const Asker& asker) {
  if (asker.is_nobody()) return {};
  const std::string& token = asker.token();
  return {schemas::Subject::again(token.substr(1)),
          token.front() == kJson ? schemas::Form::kJson : schemas::Form::kMsgpack};
}

}  // namespace estop::control
