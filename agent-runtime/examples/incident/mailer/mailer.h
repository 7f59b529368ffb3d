// SPDX-License-Identifier: Apache-2.0

// Answers `email.send`: each letter goes out at most once, whatever is repeated and whoever dies.
#pragma once

#include <stop_token>
#include <string>

#include "agent-runtime/examples/incident/mailer/mail_client.h"
#include "estop/agent.h"

namespace estop::incident {

class Mailer {
 public:
  // `agent` must outlive it. `server`: `host:port` of the mail server.
  Mailer(Agent& agent, std::string server) : agent_(agent), clients_(std::move(server)) {}

  // The handler; any number of threads. The answer is the message id, also for a letter that went
  // out before. kSenderKilled: stopped before it began · kEffectAmbiguous: begun once, by another
  // call, and its end is not known (yet): never repeated · kStoreUnavailable: certainly not sent.
  Result<Bytes> send(const Intent& intent, const std::stop_token& stop);

 private:
  Agent& agent_;
  MailClients clients_;
};

}  // namespace estop::incident
