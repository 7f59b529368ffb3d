// SPDX-License-Identifier: Apache-2.0

// A child process that cannot outlive us: `estop up`, tests and the demo start theirs here.
//
// The kernel ends the child when the thread that spawned it ends (PR_SET_PDEATHSIG), also after
// kill -9 of the parent; so spawn from the main thread. Signals go through a pidfd and cannot hit a
// stranger that got the same number. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker-bridge/daemon/descriptor.h"
#include "schemas/result.h"

namespace estop::daemon {

// Lets this process and its children have as many descriptors as the system allows; returns the
// number. Each connection takes one: with a shell's limit of 1,024 a single agent could take them
// all.
std::size_t raise_descriptor_limit() noexcept;

struct SpawnOptions {
  // Program (looked up in PATH and the sbin folders) and its arguments.
  std::vector<std::string> command{};
  std::string log_file{};  // standard output and error are appended; empty: inherited
  std::string folder{};    // working folder; empty: ours
  std::vector<std::pair<std::string, std::string>> environment{};  // added to ours
  int death_signal = SIGKILL;  // the signal that it gets when we die
  bool own_group = false;  // a process group of its own: the terminal's Ctrl-C does not reach it
};

// How a child ended.
struct ExitStatus {
  int code = 0;    // of exit(); meaningless if signal != 0
  int signal = 0;  // that killed it; 0: it exited
  [[nodiscard]] bool ok() const noexcept { return code == 0 && signal == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

class ChildProcess {
 public:
  using Millis = std::chrono::milliseconds;

  // kBadArgument: the program cannot be started (not found, no right), or its log file or folder
  // cannot be used; the detail names it. kInternal: no more processes or descriptors. The child
  // ignores and blocks no signal. Its standard input is /dev/null; it inherits no other descriptor
  // of ours.
  [[nodiscard]] static schemas::Result<ChildProcess> spawn(const SpawnOptions& options);

  ChildProcess() = default;  // none
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();  // kill_now()

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }  // 0: none
  [[nodiscard]] int pidfd() const noexcept {
    return pidfd_.get();
  }  // readable when it ended; for a loop
  [[nodiscard]] bool running();
  // Waits until it ended or `patience` is over (nullopt). The status stays readable.
  std::optional<ExitStatus> wait(Millis patience);
  void signal(int number);  // nothing if it ended
  // SIGTERM, then SIGKILL after `patience`.
  ExitStatus terminate(Millis patience);
  void kill_now();  // SIGKILL and reap

 private:
  pid_t pid_ = 0;
  Descriptor pidfd_;
  std::optional<ExitStatus> status_;
};

}  // namespace estop::daemon
