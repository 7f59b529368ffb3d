// SPDX-License-Identifier: Apache-2.0

// The subject of an answer at the broker, its form, and the core's opaque token for it. An empty
// subject means no answer: the reply subject was missing or not honoured.
#pragma once

#include "control/core/asker.h"
#include "schemas/codec.h"
#include "schemas/subjects.h"

namespace estop::control {

// An empty subject means nobody: the reply subject was missing or not honoured.
struct ReplyTo {
  schemas::Subject subject;
  schemas::Form form = schemas::Form::kJson;  // commands only
};

[[nodiscard]] Asker asker_of(const ReplyTo& reply);
// Of an asker that asker_of() made.
[[nodiscard]] ReplyTo reply_to(const Asker& asker);

}  // namespace estop::control
