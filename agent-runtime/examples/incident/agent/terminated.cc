// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/agent/terminated.h"

#include <csignal>

namespace estop::incident {
namespace {

sigset_t termination() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void block_termination() {
  sigset_t set = termination();
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void wait_for_termination() {
  const sigset_t set = termination();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
}

}  // namespace estop::incident
