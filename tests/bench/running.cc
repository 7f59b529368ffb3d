// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/running.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "control/auth/auth.h"
#include "control/cli/installation.h"

namespace estop::bench {
namespace {

namespace fs = std::filesystem;
constexpr auto kStart = std::chrono::seconds(30);

template <class T>
T must(schemas::Result<T> result) {
  if (!result) throw std::runtime_error(schemas::to_string(result.error()));
  return std::move(*result);
}

schemas::Address address(const std::string& name) {
  return must(schemas::Address::parse("acme/bench/" + name));
}

schemas::Subjects prefix(const char* text) {
  return schemas::Subjects(*schemas::Segment::parse(text));
}

// Looks until it is there: a start has no event that a parent could wait for.
template <class Ready>
void wait_for(daemon::ChildProcess& child, const std::string& what, const Ready& ready) {
  const auto until = Clock::now() + kStart;
  while (!ready()) {
    if (!child.running()) throw std::runtime_error(what + " ended at once");
    if (Clock::now() > until) throw std::runtime_error(what + " does not get ready");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string make_folder() {
  std::string path = (fs::temp_directory_path() / "estop-bench-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make " + path);
  return path;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Running::Running(const std::string& self, std::size_t victims) : folder_(make_folder()) {
  const fs::path build = fs::path(self).parent_path().parent_path().parent_path();
  const std::string estop = (build / "control" / "cli" / "estop").string();
  daemon::SpawnOptions options;
  options.command = {estop, "up", "--data", folder_, "--port", "0"};
  options.log_file = folder_ + ".log";
  options.death_signal = SIGTERM;  // it ends its own children
  up_ = must(daemon::ChildProcess::spawn(options));
  wait_for(up_, "estop up (see " + options.log_file + ")",
           [&] { return cli::read_run_file(folder_).has_value(); });
  url_ = cli::read_run_file(folder_)->url;

  start_yardsticks(self);
  bench_.bridge = lane(schemas::Subjects::standard(), "sender");
  bench_.relay = lane(prefix("relay"), "sender");
  bench_.relay_asap = lane(prefix("relax"), "sender");
  const auto op = *schemas::Segment::parse("operator");
  bench_.access = {
      url_, must(cli::creds_of(folder_, control::OperatorRole{op}, control::Account::kControl)),
      op};
  for (std::size_t i = 0; i < victims; ++i) {
    bench_.victims.push_back(lane(schemas::Subjects::standard(), "victim-" + std::to_string(i)));
  }
  bench_.agent_address = address("agent").text();
  bench_.agent_creds = creds(schemas::Subjects::standard(), "agent");
  bench_.control_key = folder_ + "/keys/log.pub";
}

Running::~Running() {
  for (daemon::ChildProcess& child : yardsticks_)
    child.terminate(daemon::ChildProcess::Millis(2'000));
  up_.terminate(daemon::ChildProcess::Millis(10'000));
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  fs::remove(folder_ + ".log", ignored);
}

Lane Running::lane(const schemas::Subjects& subjects, const std::string& sender) const {
  return {url_,     creds(subjects, sender), creds(subjects, "receiver"),
          subjects, address(sender),         address("receiver")};
}

// Issued by the folder's own keys, like those of `estop auth agent`, for any prefix.
std::string Running::creds(const schemas::Subjects& subjects, const std::string& name) const {
  const std::string path = folder_ + "/" + subjects.prefix().text() + "-" + name + ".creds";
  if (fs::exists(path)) return path;
  const auto keys = must(control::open_keyring(folder_));
  const control::Role role =
      name == "bridge" ? control::Role(control::BridgeRole{*schemas::Segment::parse("relay")})
                       : control::Role(control::AgentRole{address(name)});
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  std::ofstream(path) << control::make_creds(keys, role, control::Account::kAgents, subjects,
                                             static_cast<std::uint64_t>(now.count()));
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  return path;
}

void Running::start_yardsticks(const std::string& self) {
  const auto receiver = address("receiver").tokens();
  const auto start = [&](const std::string& mode, const char* name) {
    const auto subjects = prefix(name);
    const std::string log = folder_ + "/" + name + ".log";
    daemon::SpawnOptions options;
    options.command = {self,
                       mode,
                       url_,
                       creds(subjects, "bridge"),
                       subjects.intents().str(),
                       std::string(name) + ".deliver." + receiver + ".acme.bench.sender.bench.run"};
    options.log_file = log;
    yardsticks_.push_back(must(daemon::ChildProcess::spawn(options)));
    wait_for(yardsticks_.back(), mode + " (see " + log + ")",
             [&] { return text_of(log).find("ready") != std::string::npos; });
  };
  start("--relay", "relay");
  start("--relay-asap", "relax");
  start("--responder", "reply");
  const auto replies = prefix("reply");
  const auto instance = *schemas::Instance::parse("bench000");
  const auto asker = address("asker");
  bench_.asker = {url_, creds(replies, "asker"), "reply.inbox." + asker.tokens(), true};
  bench_.asker_subject =
      replies.intent(asker, instance, address("receiver"), *schemas::Action::parse("ask")).str();
}

}  // namespace estop::bench
