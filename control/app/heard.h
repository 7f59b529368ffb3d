// SPDX-License-Identifier: Apache-2.0

// Decodes the messages to control into events of the core. nullopt: not a valid message; the caller
// counts it. A request that cannot be read is an event all the same, so its sender gets the reason.
//
// Identities come from the subject, which the broker checked. A reply subject counts only below the
// requester's own inbox; otherwise no answer is sent.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "broker-bridge/nats/connection.h"
#include "control/core/events.h"

namespace estop::control {

using Heard = std::optional<Event>;

// `fresh_op_id` is for an order that brings none. Nonsense in the body is still an event: the
// operator is told.
[[nodiscard]] Heard heard_command(const schemas::Subjects& subjects,
                                  const nats::MessageView& message, std::string fresh_op_id);
[[nodiscard]] Heard heard_emergency(const schemas::Subjects& subjects,
                                    const nats::MessageView& message);
[[nodiscard]] Heard heard_bridge_beat(const schemas::Subjects& subjects,
                                      const nats::MessageView& message);
[[nodiscard]] Heard heard_receipt(const schemas::Subjects& subjects,
                                  const nats::MessageView& message);
[[nodiscard]] Heard heard_hello(const schemas::Subjects& subjects,
                                const nats::MessageView& message);
[[nodiscard]] Heard heard_beat(const schemas::Subjects& subjects, const nats::MessageView& message);
[[nodiscard]] Heard heard_stopped(const schemas::Subjects& subjects,
                                  const nats::MessageView& message);
[[nodiscard]] Heard heard_store(const schemas::Subjects& subjects,
                                const nats::MessageView& message);

// Subscribes what operators and bridges say, in the order in which one read's messages are to be
// handled: orders and their receipts first. What agents say: AgentDesk. `subjects` must outlive the
// connections.
void listen(nats::Connection& control, nats::Connection& agents, const schemas::Subjects& subjects,
            const std::function<std::string()>& fresh_op_id,
            const std::function<void(const Heard&)>& tell);

}  // namespace estop::control
