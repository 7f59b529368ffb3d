// SPDX-License-Identifier: Apache-2.0
#include "control/cli/stack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>
#include <utility>

#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/daemon/signals.h"

namespace estop::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kReadyPoll{20};
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{10'000};
constexpr std::chrono::seconds kSpawnPause{1};  // when it could not even be started
constexpr milliseconds kStable{30'000};         // ran so long: the next pause is short again
constexpr std::size_t kLogTail_bytes = 2'000;
constexpr const char* kInterrupted = "interrupted";

// Empty if it cannot be read.
std::string tail_of(const std::string& path) {
  const daemon::Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::string text(kLogTail_bytes, '\0');
  const off_t end = ::lseek(file.get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, end - static_cast<off_t>(text.size()));
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), from);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::string in_words(daemon::ExitStatus end) {
  return end.signal != 0 ? fmt::format("signal {}", end.signal)
                         : fmt::format("exit code {}", end.code);
}

// SIGINT, SIGTERM and SIGHUP as bytes of a descriptor instead of interruptions. Who started us with
// SIGHUP ignored, as nohup does, gets none.
int block_stop_signals() {
  const auto hang_up = std::signal(SIGHUP, SIG_IGN);
  daemon::ignore_stray_signals();
  std::signal(SIGHUP, hang_up);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool have_terminal() {
  return daemon::Descriptor(::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)).is_open();
}

}  // namespace

Stack::Stack(std::vector<Program> programs, std::ostream& news)
    : news_(news), signals_(block_stop_signals()), has_terminal_(have_terminal()) {
  for (Program& program : programs) {
    running_.emplace_back();
    running_.back().program = std::move(program);
  }
}

Stack::~Stack() {
  stop();
}

schemas::Result<void> Stack::start() {
  for (Running& running : running_) {
    if (auto started = start_one(running); !started) return started;
  }
  return {};
}

schemas::Result<void> Stack::spawn(Running& running) {
  daemon::SpawnOptions options;
  options.command = running.program.arguments();
  options.log_file = running.program.log_file;
  options.own_group = true;  // Ctrl-C reaches `up` alone, which stops its children in order
  auto child = daemon::ChildProcess::spawn(options);
  running.started = Clock::now();
  if (!child) return tl::make_unexpected(child.error());
  running.child = std::move(*child);
  return {};
}

schemas::Result<void> Stack::start_one(Running& running) {
  const Program& program = running.program;
  if (auto spawned = spawn(running); !spawned) return spawned;
  while (!program.is_ready(running.child.pid())) {
    if (interrupted(kReadyPoll)) return schemas::fail(schemas::Errc::kTimeout, kInterrupted);
    const auto end = running.child.wait(milliseconds(0));
    if (!end && Clock::now() - running.started < program.start_time) continue;
    const std::string what =
        end ? "ended with " + in_words(*end)
            : fmt::format("was not ready within {} s", program.start_time.count() / 1000);
    return schemas::fail(schemas::Errc::kInternal,
                         fmt::format("{} {}; its log {} ends with:\n{}", program.name, what,
                                     program.log_file, tail_of(program.log_file)));
  }
  return {};
}

bool Stack::interrupted(milliseconds wait) {
  pollfd watched{signals_.get(), POLLIN, 0};
  if (::poll(&watched, 1, static_cast<int>(wait.count())) <= 0) return false;
  signalfd_siginfo taken;
  if (::read(signals_.get(), &taken, sizeof taken) != sizeof taken) return false;
  if (taken.ssi_signo != SIGHUP || has_terminal_) return true;
  reopen_logs();
  return false;
}

void Stack::reopen_logs() {
  for (Running& running : running_) running.child.signal(running.program.reopen_signal);
  news_ << "estop: all open their log files again\n" << std::flush;
}

void Stack::take_leave(Running& running, daemon::ExitStatus end) {
  const bool was_stable = Clock::now() - running.started > kStable;
  running.pause = was_stable || running.pause.count() == 0
                      ? kFirstPause
                      : std::min(running.pause * 2, kLongestPause);
  running.restart_at = Clock::now() + running.pause;
  running.child = {};
  news_ << fmt::format("estop: {} ENDED with {}; restart in {} ms; its log: {}\n",
                       running.program.name, in_words(end), running.pause.count(),
                       running.program.log_file)
        << std::flush;
}

void Stack::restart(Running& running) {
  if (Clock::now() < running.restart_at) return;
  if (auto spawned = spawn(running); !spawned) {
    running.restart_at = Clock::now() + kSpawnPause;
    if (std::exchange(running.problem, spawned.error().detail) == running.problem) return;
    news_ << fmt::format("estop: {}; tried again every {} s\n", running.problem,
                         std::chrono::seconds(kSpawnPause).count())
          << std::flush;
    return;
  }
  running.problem.clear();
  news_ << fmt::format("estop: {} runs again as process {}\n", running.program.name,
                       running.child.pid())
        << std::flush;
}

void Stack::watch() {
  for (;;) {
    std::vector<pollfd> watched{{signals_.get(), POLLIN, 0}};
    bool all_run = true;
    for (const Running& running : running_) {
      const bool runs = running.child.pid() != 0;
      all_run = all_run && runs;
      if (runs) watched.push_back({running.child.pidfd(), POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), all_run ? -1 : static_cast<int>(kFirstPause.count()));
    if (interrupted(milliseconds(0))) return;
    for (Running& running : running_) {
      if (running.child.pid() == 0) {
        restart(running);
      } else if (const auto end = running.child.wait(milliseconds(0))) {
        take_leave(running, *end);
      }
    }
  }
}

void Stack::stop() {
  for (auto running = running_.rbegin(); running != running_.rend(); ++running) {
    if (running->child.running()) running->child.terminate(running->program.stop_time);
    running->child = {};
  }
}

}  // namespace estop::cli
