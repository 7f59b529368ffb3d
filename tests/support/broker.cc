// SPDX-License-Identifier: Apache-2.0
#include "tests/support/broker.h"

#include <sys/wait.h>

#include <fmt/format.h>

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/support/socket.h"
#include "tests/support/wait_until.h"

namespace estop::testing {
namespace {

constexpr std::chrono::milliseconds kStopPatience{5'000};
constexpr std::chrono::milliseconds kAnswerPatience{2'000};

int port_of(const std::string& url) {
  const auto colon = url.rfind(':');
  return colon == std::string::npos ? -1 : std::stoi(url.substr(colon + 1));
}

}  // namespace

Broker::Broker(Options options) : options_(std::move(options)) {
  if (!options_.config.empty()) write_text(folder_.file("broker.conf"), options_.config);
  start();
}

int Broker::port() const {
  return port_of(url_);
}
int Broker::monitor_port() const {
  return port_of(monitor_url_);
}
std::string Broker::log() const {
  return read_text(folder_.file("broker.log"));
}

void Broker::start() {
  daemon::SpawnOptions spawn;
  // ESTOP_NATS_SERVER names another one than Debian's.
  spawn.command = {"sh",
                   "-c",
                   "PATH=$PATH:/usr/sbin; exec \"${ESTOP_NATS_SERVER:-nats-server}\" \"$@\"",
                   "sh",
                   "--addr",
                   options_.address,
                   "--port",
                   std::to_string(port()),
                   "--http_port",
                   std::to_string(monitor_port()),
                   "--ports_file_dir",
                   folder_.path().string()};
  if (!options_.config.empty()) {
    spawn.command.insert(spawn.command.end(), {"--config", folder_.file("broker.conf")});
  } else if (options_.jetstream) {
    spawn.command.insert(spawn.command.end(),
                         {"--jetstream", "--store_dir", folder_.file("store")});
  }
  spawn.log_file = folder_.file("broker.log");
  auto child = daemon::ChildProcess::spawn(spawn);
  if (!child) throw std::runtime_error(schemas::to_string(child.error()));
  process_ = std::move(*child);
  const bool ready = wait_until([this] { return !process_.running() || read_ports(); });
  if (!ready || !process_.running()) throw std::runtime_error("no broker: " + log());
}

bool Broker::read_ports() {
  const auto name = "nats-server_" + std::to_string(process_.pid()) + ".ports";
  const auto ports = nlohmann::json::parse(read_text(folder_.file(name)), nullptr, false);
  if (!ports.is_object()) return false;
  url_ = fmt::format("nats://127.0.0.1:{}", port_of(ports.at("nats").at(0).get<std::string>()));
  if (ports.contains("monitoring")) monitor_url_ = ports["monitoring"].at(0).get<std::string>();
  return Socket::connect(port()).receive(kAnswerPatience).starts_with("INFO");
}

void Broker::stop() {
  process_.terminate(kStopPatience);
}
void Broker::signal(int number) {
  process_.signal(number);
  if (number != SIGSTOP) return;
  // Its threads stop one after the other; the parent hears when the last one has.
  siginfo_t told{};
  (void)::waitid(P_PID, static_cast<id_t>(process_.pid()), &told, WSTOPPED | WNOWAIT);
}

void Broker::kill() {
  process_.kill_now();
}

void Broker::restart() {
  stop();
  start();
}

std::string Broker::monitor(const std::string& path) const {
  Socket socket = Socket::connect(monitor_port());
  socket.send("GET " + path + " HTTP/1.0\r\n\r\n");
  std::string answer;
  for (auto part = socket.receive(kAnswerPatience); !part.empty();
       part = socket.receive(kAnswerPatience)) {
    answer += part;
  }
  const auto body = answer.find("\r\n\r\n");
  return body == std::string::npos ? std::string() : answer.substr(body + 4);
}

}  // namespace estop::testing
