// SPDX-License-Identifier: Apache-2.0

// Orders of operators: the right to give them, which order it is, and which operators watch it.
#pragma once

#include <string>
#include <vector>

#include "control/core/access/access.h"
#include "control/core/core_options.h"
#include "control/core/orders/command.h"
#include "control/core/orders/lookups.h"
#include "control/core/orders/op_table.h"
#include "control/core/orders/order_flow.h"
#include "control/core/orders/orders.h"
#include "control/core/orders/resume_rules.h"
#include "control/core/orders/second_operator.h"
#include "control/core/questions/questions.h"
#include "control/core/turn.h"
#include "schemas/codec.h"

namespace estop::control {

// The modules that a command reaches.
struct OperatorsParts {
  const Ledger& ledger;
  OpTable& ops;
  Orders& orders;
  OrderFlow& flow;
  const ResumeRules& rules;
  SecondOperator& second;
  Access& access;
  Questions& questions;
  Lookups& lookups;
};

class Operators {
 public:
  // All outlive it.
  Operators(const CoreOptions& options, OperatorsParts parts) : options_(options), to_(parts) {}

  void on(const CommandReceived& asked, Turn& turn);
  // Continues a command whose operator was checked when it came, after the recorder has answered.
  void go_on(const CommandReceived& asked, Turn& turn) { obey(asked, turn); }

 private:
  void obey(const CommandReceived& asked, Turn& turn);
  void obey(const CommandReceived& asked, const schemas::SignedCommand& command, Turn& turn);
  void obey(const CommandReceived& asked, const KillCommand& kill, Turn& turn);
  void obey(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn);
  void obey(const CommandReceived& asked, const ApproveCommand& approve, Turn& turn);
  void obey(const CommandReceived& asked, const RevokeCommand& revoke, Turn& turn);
  template <class Question>
  void obey(const CommandReceived& asked, const Question& question, Turn& turn) {
    to_.questions.answer(asked, question, turn);
  }
  [[nodiscard]] schemas::Result<void> may_obey(const CommandReceived& asked) const;
  bool repeat_resume(const CommandReceived& asked, const ResumeCommand& resume, Turn& turn);

  const CoreOptions& options_;
  OperatorsParts to_;
};

}  // namespace estop::control
