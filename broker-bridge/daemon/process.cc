// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

extern char** environ;

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

// System calls directly: the C library of Debian 12 has no header for them that works in C++.
int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}
int send_signal(int pidfd, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0));
}

// Debian keeps nats-server in /usr/sbin, which is not on a plain user's PATH.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = ::getenv("PATH");
  const std::string folders =
      std::string(path != nullptr ? path : "/usr/bin:/bin") + ":/usr/local/sbin:/usr/sbin:/sbin";
  for (std::size_t at = 0; at < folders.size();) {
    const auto colon = std::min(folders.find(':', at), folders.size());
    const auto candidate = folders.substr(at, colon - at) + "/" + name;
    if (colon > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = colon + 1;
  }
  return name;
}

// All that the child needs, made before the fork: after it only async-signal-safe calls are
// allowed.
struct Launch {
  explicit Launch(const SpawnOptions& options)
      : program(find_program(options.command.front())),
        command(options.command),
        folder(options.folder),
        log_file(options.log_file),
        death_signal(options.death_signal),
        own_group(options.own_group) {
    for (char** one = environ; *one != nullptr; ++one) variables.emplace_back(*one);
    for (const auto& [key, value] : options.environment) {
      std::erase_if(variables,
                    [&key = key](const auto& have) { return have.starts_with(key + "="); });
      variables.push_back(key + "=" + value);
    }
    for (auto& one : command) argv.push_back(one.data());
    for (auto& one : variables) envp.push_back(one.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  std::string program;
  std::vector<std::string> command;
  std::vector<std::string> variables;
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::string folder;
  std::string log_file;
  int death_signal;
  bool own_group;
};

// What a child could not do; errno says why.
enum class Step : int { kProgram, kLogFile, kFolder };

struct Failure {
  Step step = Step::kProgram;
  int cause = 0;
};

// In the child. Returns only if it failed.
Step launch(const Launch& launch, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  if (::prctl(PR_SET_PDEATHSIG, launch.death_signal) != 0) return Step::kProgram;
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);  // it died before the prctl
  if (launch.own_group && ::setpgid(0, 0) != 0) return Step::kProgram;
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) return Step::kProgram;
  if (!launch.log_file.empty()) {
    const int log = ::open(launch.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || ::dup2(log, STDOUT_FILENO) < 0 || ::dup2(log, STDERR_FILENO) < 0) {
      return Step::kLogFile;
    }
  }
  if (!launch.folder.empty() && ::chdir(launch.folder.c_str()) != 0) return Step::kFolder;
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.envp.data());
  return Step::kProgram;
}

std::string in_words(const Failure& failure, const SpawnOptions& options) {
  std::string what = "cannot start " + options.command.front();
  if (failure.step == Step::kLogFile) what += ": its log file " + options.log_file;
  if (failure.step == Step::kFolder) what += ": its folder " + options.folder;
  return fmt::format("{}: {}", what, std::strerror(failure.cause));
}

}  // namespace

std::size_t raise_descriptor_limit() noexcept {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  if (files.rlim_cur < files.rlim_max) {
    const rlimit raised{files.rlim_max, files.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
  }
  return static_cast<std::size_t>(files.rlim_cur);
}

Result<ChildProcess> ChildProcess::spawn(const SpawnOptions& options) {
  if (options.command.empty()) return fail(Errc::kBadArgument, "no program to start");
  const Launch prepared(options);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::kInternal, std::strerror(errno));
  // Carries the cause of a failed start; closed by a successful exec.
  const Descriptor report(ends[0]);
  Descriptor reporter(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    const Step step = launch(prepared, parent);
    const Failure told{step, errno};
    [[maybe_unused]] const auto written = ::write(reporter.get(), &told, sizeof told);
    ::_exit(EXIT_FAILURE);
  }
  reporter = Descriptor();
  Failure failure{Step::kProgram, pid < 0 ? errno : 0};
  if (pid > 0 && ::read(report.get(), &failure, sizeof failure) != sizeof failure)
    failure.cause = 0;
  ChildProcess child;
  child.pid_ = pid > 0 ? pid : 0;
  if (pid > 0) child.pidfd_ = Descriptor(open_pidfd(pid));
  if (failure.cause == 0 && child.pidfd_.is_open()) return child;
  if (pid > 0 &&
      !child.pidfd_.is_open()) {  // cannot happen on Linux 5.3 and later; leave nothing behind
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    child.pid_ = 0;
    return fail(Errc::kInternal, "pidfd_open does not work here");
  }
  return fail(pid < 0 ? Errc::kInternal : Errc::kBadArgument, in_words(failure, options));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      status_(std::exchange(other.status_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(status_, other.status_);
  return *this;
}

ChildProcess::~ChildProcess() {
  kill_now();
}

bool ChildProcess::running() {
  return pid_ != 0 && !wait(Millis(0)).has_value();
}

std::optional<ExitStatus> ChildProcess::wait(Millis patience) {
  if (pid_ == 0 || status_) return status_;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  pollfd ended{pidfd_.get(), POLLIN, 0};
  for (;;) {
    const auto left =
        std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now()).count();
    const int ready = ::poll(&ended, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) break;
    if (ready == 0 || errno != EINTR) return std::nullopt;
  }
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0) {
    if (errno != EINTR) break;
  }
  status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
  return status_;
}

void ChildProcess::signal(int number) {
  if (pid_ != 0 && !status_) send_signal(pidfd_.get(), number);
}

ExitStatus ChildProcess::terminate(Millis patience) {
  signal(SIGTERM);
  if (pid_ == 0 || wait(patience)) return status_.value_or(ExitStatus{});
  kill_now();
  return status_.value_or(ExitStatus{});
}

void ChildProcess::kill_now() {
  constexpr Millis kReapPatience_ms{10'000};
  signal(SIGKILL);
  wait(kReapPatience_ms);
}

}  // namespace estop::daemon
