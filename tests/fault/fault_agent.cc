// SPDX-License-Identifier: Apache-2.0

// An agent in a process of its own, on the real runtime, that writes down what happens to it:
//   got <ns> <from> <id> · stopped <ns> <cause> · resumed <ns>        (CLOCK_BOOTTIME)
#include <csignal>
#include <cstdio>
#include <mutex>
#include <sstream>

#include "broker-bridge/daemon/boot_clock.h"
#include "estop/agent.h"

namespace {

void note(const std::string& line) {
  static std::mutex one;
  const std::lock_guard lock(one);
  std::fputs((line + "\n").c_str(), stdout);
}

std::string now() {
  return std::to_string(estop::daemon::boot_ns());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fputs("usage: fault_agent ADDRESS URL CONTROL_KEY CREDS\n", stderr), 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);  // for sigwait below; the agent's threads inherit it

  estop::AgentOptions options;
  options.address = argv[1];
  options.url = argv[2];
  options.control_key = argv[3];
  options.creds_file = argv[4];
  options.handler_threads = 1;
  auto agent = estop::Agent::connect(options);
  if (!agent) return std::fprintf(stderr, "%s\n", to_string(agent.error()).c_str()), 5;
  agent->on_stop([](const auto& order) {
    std::ostringstream cause;
    cause << order.cause;
    note("stopped " + now() + " " + cause.str());
  });
  agent->on_resume([] { note("resumed " + now()); });
  (void)agent->handle("fault.run", [](const estop::Intent& intent, std::stop_token) {
    note("got " + now() + " " + intent.from + " " + intent.id);
    return estop::Result<estop::Bytes>(estop::Bytes());
  });
  note("ready");
  int signal = 0;
  sigwait(&end, &signal);
}
