// SPDX-License-Identifier: Apache-2.0
#include "agent-runtime/examples/incident/demo/stage.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent-runtime/examples/incident/core/letter.h"
#include "broker-bridge/daemon/descriptor.h"
#include "broker-bridge/daemon/probe.h"

namespace estop::incident {
namespace {

namespace fs = std::filesystem;
using schemas::Errc;
using schemas::fail;
using std::chrono::milliseconds;

constexpr milliseconds kLook{50};  // a dead process is noticed so late at most
constexpr milliseconds kStart{20'000};
constexpr milliseconds kStop{10'000};
constexpr milliseconds kPatience{1'000};
constexpr int kPortTries = 5;
constexpr std::size_t kShownLog_bytes = 1'500;

// Where nobody listens at this moment; port 0: there is no such place.
daemon::Endpoint free_on_loopback() {
  const daemon::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool is_bound =
      ::bind(probe.get(), generic, size) == 0 && ::getsockname(probe.get(), generic, &size) == 0;
  return {"127.0.0.1", is_bound ? ntohs(address.sin_port) : std::uint16_t{0}};
}

std::string instance_name(std::size_t index) {
  return fmt::format("campaign-{}", index + 1);
}

std::string url_in(const std::string& run_file) {
  std::ifstream in(run_file);
  const auto object = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  return object.is_object() ? object.value("url", "") : "";
}

}  // namespace

Stage::Stage(std::string folder, Programs programs)
    : folder_(std::move(folder)), programs_(std::move(programs)) {
  for (const char* name : {"logs", "mails"}) {
    fs::create_directories(path(name));
    static_cast<void>(watch_.watch(path(name)));  // without it, wait() looks every kLook
  }
  for (std::size_t i = 0; i < kInstances; ++i) tails_[i] = LogTail(log_of(instance_name(i)));
}

std::string Stage::log_of(const std::string& name) const {
  return folder_ + "/logs/" + name + ".log";
}

Result<daemon::ChildProcess> Stage::spawn(const std::string& name,
                                          std::vector<std::string> command) {
  daemon::SpawnOptions options;
  options.command = std::move(command);
  options.log_file = log_of(name);
  return daemon::ChildProcess::spawn(options);
}

Result<void> Stage::start(const std::string& name, std::vector<std::string> command) {
  auto child = spawn(name, std::move(command));
  if (!child) return tl::make_unexpected(child.error());
  running_.push_back({name, std::move(*child)});
  return {};
}

Result<void> Stage::start_mail_server() {
  std::string record = path("mails/mail.");  // smtp-sink expands it as strftime does
  for (std::size_t at = 0; (at = record.find('%', at)) != std::string::npos; at += 2) {
    record.insert(at, 1, '%');
  }
  // The port is free when it is chosen; if somebody else was faster, smtp-sink ends at once.
  Result<void> up;
  for (int tries = 0; tries < kPortTries && !interrupted(); ++tries) {
    const daemon::Endpoint endpoint = free_on_loopback();
    mail_server_ = to_text(endpoint);
    std::vector<std::string> command{programs_.smtp_sink, "-d", record};
    if (::geteuid() == 0) command.insert(command.end(), {"-u", "root"});
    command.insert(command.end(), {mail_server_, "100"});
    if (auto started = start("smtp-sink", std::move(command)); !started) return started;
    up = wait("the mail server", kStart,
              [&] { return daemon::accepts(endpoint, kPatience).has_value(); });
    if (up) return up;
    running_.pop_back();
  }
  return up;
}

Result<void> Stage::start_estop() {
  auto started = start("estop-up", {programs_.estop, "up", "--data", path("estop"), "--port", "0",
                                    "--as", "operator"});
  if (!started) return started;
  const std::string run_file = path("estop/run.json");
  const auto up = wait("estop up", kStart, [&] {
    broker_ = url_in(run_file);
    return !broker_.empty();
  });
  if (!up) return up;
  for (const auto& [address, creds] :
       {std::pair{kMailerAddress, &mailer_creds_}, std::pair{kCampaignAddress, &campaign_creds_}}) {
    auto made = credentials_of(address);
    if (!made) return tl::make_unexpected(made.error());
    *creds = std::move(*made);
  }
  return {};
}

Result<std::string> Stage::credentials_of(std::string_view address) {
  auto order = give_order({"auth", "agent", std::string(address)});
  if (!order) return tl::make_unexpected(order.error());
  const auto ended = wait("the credentials", kStart, [&] { return !order->process.running(); });
  if (!ended) return tl::make_unexpected(ended.error());
  auto creds = order->answers.next();
  if (creds && order->process.wait(milliseconds(0))->ok()) return std::move(*creds);
  return fail(Errc::kInternal, "estop auth: " + creds.value_or("no answer"));
}

std::vector<std::string> Stage::agent_flags(const std::string& creds) const {
  return {"--url", broker_, "--creds", creds, "--control-key", path("estop/keys/log.pub")};
}

Result<void> Stage::start_mailer(unsigned threads) {
  std::vector<std::string> command{programs_.mailer, "--smtp", mail_server_, "--threads",
                                   std::to_string(threads)};
  for (auto& flag : agent_flags(mailer_creds_)) command.push_back(std::move(flag));
  if (auto started = start("mailer", std::move(command)); !started) return started;
  LogTail log(log_of("mailer"));
  return wait("the mailer", kStart, [&] {
    const auto line = log.next();
    return line && line->find("\"ready\"") != std::string::npos;
  });
}

Result<void> Stage::start_instance(std::size_t index) {
  std::vector<std::string> command{programs_.campaign,
                                   "--customers",
                                   path("customers.csv"),
                                   "--template",
                                   path("template.txt"),
                                   "--partition",
                                   fmt::format("{}/{}", index + 1, kInstances)};
  if (index == kRogue) command.emplace_back("--rogue");
  for (auto& flag : agent_flags(campaign_creds_)) command.push_back(std::move(flag));
  states_[index] = {};
  return start(instance_name(index), std::move(command));
}

void Stage::crash_instance(std::size_t index) {
  const std::string name = instance_name(index);
  std::erase_if(running_, [&](Running& running) { return running.name == name; });  // SIGKILL
  read_logs();
  states_[index] = {};
}

Result<Order> Stage::give_order(const std::vector<std::string>& arguments) {
  const std::string name = fmt::format("order-{}-{}", ++orders_, arguments.front());
  std::vector<std::string> command{programs_.estop, "--data", path("estop"), "--as", "operator"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto child = spawn(name, std::move(command));
  if (!child) return tl::make_unexpected(child.error());
  return Order{std::move(*child), LogTail(log_of(name))};
}

void Stage::end(const std::string& name, milliseconds patience) {
  for (Running& running : running_) {
    if (running.name == name) running.process.terminate(patience);
  }
  std::erase_if(running_, [&](const Running& running) { return running.name == name; });
}

void Stage::stop() {
  for (std::size_t i = 0; i < kInstances; ++i) end(instance_name(i), kStop);
  for (const char* name : {"mailer", "estop-up", "smtp-sink"}) end(name, kStop);
}

Result<void> Stage::check_alive() {
  for (Running& running : running_) {
    if (running.process.running()) continue;
    return fail(Errc::kInternal, fmt::format("{} has ended; its log {} ends with:\n{}",
                                             running.name, log_of(running.name),
                                             end_of_file(log_of(running.name), kShownLog_bytes)));
  }
  return {};
}

Result<void> Stage::wait(const char* what, milliseconds patience,
                         const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    read_logs();
    if (done()) return {};
    if (interrupted()) return fail(Errc::kTimeout, fmt::format("interrupted: {}", what));
    if (auto alive = check_alive(); !alive) return alive;
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Errc::kTimeout, fmt::format("waited {} s for this: {}; logs: {}",
                                              patience.count() / 1000, what, path("logs")));
    }
    watch_.wait(kLook);
  }
}

std::size_t Stage::mails() const {
  return watch_.files(path("mails"));
}

void Stage::forget_completions() {
  read_logs();
  for (InstanceState& state : states_) state.complete = false;
}

void Stage::read_logs() {
  for (std::size_t i = 0; i < kInstances; ++i) {
    while (const auto line = tails_[i].next()) {
      const auto event = nlohmann::json::parse(*line, nullptr, /*allow_exceptions=*/false);
      if (!event.is_object()) continue;  // for people
      const std::string name = event.value("event", "");
      InstanceState& state = states_[i];
      if (name == "ready") state.ready = true;
      if (name == "stopped") state.stopped = true;
      if (name == "readmitted") state.readmitted = true;
      if (name == "complete") state.complete = true;
      if (name == "refused") {
        state.refused = event.value("killed", std::uint64_t{0});
        state.outdated = event.value("outdated", std::uint64_t{0});
      }
    }
  }
}

}  // namespace estop::incident
