// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/cli/embedded.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "control/cli/text.h"
#include "tests/support/socket.h"
#include "tests/support/wait_until.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::read_text;
using testing::wait_until;

constexpr seconds kCommandPatience{40};
constexpr seconds kStartPatience{30};

// Command line of a process, its words separated by NUL; empty if it is gone.
std::string command_line(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/cmdline", std::ios::binary);
  std::ostringstream words;
  words << in.rdbuf();  // one that ends meanwhile is an error of the read, not of the test
  return words.str();
}

}  // namespace

Outcome Embedded::estop(std::vector<std::string> words) const {
  std::string quoted;
  for (const std::string& word : words) quoted += ' ' + shell_quoted(word);
  return script("exec \"$@\"" + quoted);
}

Outcome Embedded::script(const std::string& lines) const {
  static int count = 0;
  const std::string name = folder_.file("output-" + std::to_string(++count));
  daemon::SpawnOptions options;
  options.command = {"sh",  "-c",          "exec 2>\"$0.err\"; { " + lines + "\n} >\"$0.out\"",
                     name,  ESTOP_PROGRAM, "--data",
                     data()};
  options.environment = {{"USER", user_}};
  auto child = daemon::ChildProcess::spawn(options);
  if (!child) return {-1, child.error().detail, {}};
  const auto end = child->wait(kCommandPatience);
  const std::string out = read_text(name + ".out");
  return {end && end->signal == 0 ? end->code : -1, read_text(name + ".err") + out, out};
}

daemon::ChildProcess Embedded::begin(std::vector<std::string> words, const std::string& log) {
  daemon::SpawnOptions options;
  options.command = {ESTOP_PROGRAM, "--data", data()};
  options.command.insert(options.command.end(), words.begin(), words.end());
  options.log_file = log;
  options.environment = {{"USER", user_}};
  auto child = daemon::ChildProcess::spawn(options);
  return child ? std::move(*child) : daemon::ChildProcess();
}

void Embedded::up(const std::vector<std::string>& more, int port) {
  std::vector<std::string> command{ESTOP_PROGRAM, "up",     "--data",
                                   data(),        "--port", std::to_string(port)};
  command.insert(command.end(), more.begin(), more.end());
  start(std::move(command));
}

void Embedded::up_within(int descriptors) {
  start({"sh", "-c", "ulimit -n " + std::to_string(descriptors) + " && exec \"$@\"", "sh",
         ESTOP_PROGRAM, "up", "--data", data(), "--port", "0"});
}

void Embedded::up_without_terminal() {
  start({"setsid", ESTOP_PROGRAM, "up", "--data", data(), "--port", "0"});
}

void Embedded::start(std::vector<std::string> command) {
  daemon::SpawnOptions options;
  options.command = std::move(command);
  options.log_file = folder_.file("up.log");
  options.environment = {{"USER", user_}};
  auto child = daemon::ChildProcess::spawn(options);
  ASSERT_TRUE(child) << child.error();
  up_ = std::move(*child);
  const auto is_up = [&] {
    const auto written = read_run_file(data());
    return !up_.running() || (written && written->pid == up_.pid());
  };
  ASSERT_TRUE(wait_until(is_up, kStartPatience)) << said();
  ASSERT_TRUE(up_.running()) << said();
}

RunFile Embedded::run() const {
  return read_run_file(data()).value_or(RunFile{});
}
std::string Embedded::said() const {
  return read_text(folder_.file("up.log"));
}

int Embedded::broker_port() const {
  const std::string url = run().url;
  return std::stoi(url.substr(url.rfind(':') + 1));
}

std::vector<pid_t> Embedded::children() const {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (pid == std::to_string(up_.pid())) continue;
    if (command_line(pid).find(data()) != std::string::npos) found.push_back(std::stoi(pid));
  }
  return found;
}

pid_t Embedded::child(const std::string& program) const {
  for (const pid_t pid : children()) {
    const std::string command = command_line(std::to_string(pid));
    if (command.substr(0, command.find('\0')).ends_with(program)) return pid;
  }
  return 0;
}

std::string page(const std::string& url, const std::string& path) {
  testing::Socket socket = testing::Socket::connect(std::stoi(url.substr(url.rfind(':') + 1)));
  socket.send("GET " + path + " HTTP/1.0\r\n\r\n");
  std::string answer;
  constexpr std::chrono::milliseconds kPatience{5'000};
  for (auto some = socket.receive(kPatience); !some.empty(); some = socket.receive(kPatience)) {
    answer += some;
  }
  return answer;
}

}  // namespace estop::cli
