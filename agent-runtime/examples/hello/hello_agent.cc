// SPDX-License-Identifier: Apache-2.0

// The smallest useful agent: answers `hello.say`, stands still when told, goes on when allowed.
//   estop-hello acme/prod/greeter nats://127.0.0.1:4222 keys/log.pub [agent.creds]
#include <csignal>
#include <cstdio>

#include "estop/agent.h"

int main(int argc, char** argv) {
  if (argc < 4)
    return std::fputs("usage: estop-hello ADDRESS URL CONTROL_KEY [CREDS]\n", stderr), 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGINT);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);  // for sigwait below; the agent's threads inherit it

  estop::AgentOptions options;
  options.address = argv[1];
  options.url = argv[2];
  options.control_key = argv[3];
  if (argc > 4) options.creds_file = argv[4];
  auto agent = estop::Agent::connect(options);
  if (!agent) return std::fprintf(stderr, "%s\n", to_string(agent.error()).c_str()), 5;

  agent->on_stop([](const auto& order) { std::printf("stopped: %s\n", order.reason.c_str()); });
  agent->on_resume([] { std::puts("resumed"); });
  (void)agent->handle("hello.say", [](const estop::Intent& intent, std::stop_token) {
    return estop::Result<estop::Bytes>("hello, " + intent.payload);
  });
  std::printf("ready as %s\n", agent->instance().c_str());
  int signal = 0;
  sigwait(&end, &signal);
}
