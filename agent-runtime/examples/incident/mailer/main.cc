// SPDX-License-Identifier: Apache-2.0

// The agent acme/prod/mailer: receives `email.send`, speaks SMTP.
#include <curl/curl.h>

#include <iostream>

#include "agent-runtime/examples/incident/agent/flags.h"
#include "agent-runtime/examples/incident/agent/journal.h"
#include "agent-runtime/examples/incident/agent/terminated.h"
#include "agent-runtime/examples/incident/core/letter.h"
#include "agent-runtime/examples/incident/mailer/mailer.h"

int main(int argc, char** argv) {
  estop::daemon::CommandLine line(
      "The mailer of the incident: an agent that sends each letter at most once");
  estop::AgentOptions options;
  options.address = estop::incident::kMailerAddress;
  options.handler_threads = 8;
  std::string server;
  estop::incident::add_agent_flags(line, options);
  line.required("--smtp", server, "host:port of the mail server");
  line.option("--threads", options.handler_threads, "mails that are sent at once", {1, 256});
  if (const auto exit_code = line.parse(argc, argv)) return *exit_code;

  estop::incident::block_termination();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  estop::incident::Journal journal;
  auto agent = estop::Agent::connect(options);
  if (!agent) {
    std::cerr << "mailer: " << agent.error() << '\n';
    return 1;
  }
  agent->on_error([&](const estop::Error& error) { journal.failure("agent", error); });
  estop::incident::Mailer mailer(*agent, server);
  const auto served = agent->handle(
      std::string(estop::incident::kSendAction),
      [&](const estop::Intent& intent, std::stop_token stop) { return mailer.send(intent, stop); });
  if (!served) {
    std::cerr << "mailer: " << served.error() << '\n';
    return 1;
  }
  journal.event("ready");
  estop::incident::wait_for_termination();
  agent->leave();
  curl_global_cleanup();
  return 0;
}
