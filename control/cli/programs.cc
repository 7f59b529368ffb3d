// SPDX-License-Identifier: Apache-2.0
#include "control/cli/programs.h"

#include <fmt/format.h>
#include <algorithm>

#include <charconv>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "broker-bridge/daemon/probe.h"
#include "control/cli/answer.h"
#include "control/cli/installation.h"
#include "control/cli/read_text.h"

namespace estop::cli {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kPatience{1};
constexpr const char* kBroker = "nats-server";
constexpr const char* kControl = "estop-control";
constexpr const char* kBridge = "estop-bridge";

// The program itself opens it as well, so that it can do so again after somebody renamed it.
std::string log_of(const std::string& data, const char* program) {
  return fmt::format("{}/logs/{}.log", data, program);
}

// The number at the start of a text; 0 if there is none.
int leading_number(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string loopback(int port) {
  return to_text(on_loopback(port));
}
std::string url(const Ports& ports) {
  return "nats://" + loopback(ports.broker);
}

// The broker names the file after its process, so that what a crash left is never taken for it.
bool broker_is_ready(const std::string& folder, pid_t pid, Ports& ports) {
  const std::string path = fmt::format("{}/nats-server_{}.ports", folder, pid);
  const auto urls = texts(parse_answer(read_text(path)), "nats");
  if (urls.empty()) return false;
  ports.broker = leading_number(std::string_view(urls.front()).substr(urls.front().rfind(':') + 1));
  return ports.broker != 0 && daemon::accepts(on_loopback(ports.broker), kPatience);
}

// Ours write the port and a line end into a file that was removed before they started.
bool daemon_is_ready(const std::string& ready_file, int& port) {
  const std::string text = read_text(ready_file);
  if (text.ends_with('\n')) port = leading_number(text);
  return port != 0 && text.ends_with('\n') &&
         daemon::answers_ok(on_loopback(port), "/readyz", kPatience);
}

Program broker(const std::string& data, const std::string& path, Ports& ports) {
  Program made;
  made.arguments = [=, &ports] {
    const std::string port = ports.broker == 0 ? "-1" : std::to_string(ports.broker);
    return Words{path,         "-c", data + "/broker.conf", "-p",
                 port,         "-l", log_of(data, kBroker), "--ports_file_dir",
                 data + "/run"};
  };
  made.is_ready = [=, &ports](pid_t pid) { return broker_is_ready(data + "/run", pid, ports); };
  return made;
}

Program control_daemon(const std::string& data, const std::string& path, const Up& up,
                       Ports& ports) {
  const std::string ready = data + "/run/control.port";
  Program made;
  made.arguments = [=, &ports] {
    Words words{path,
                "--data",
                data,
                "--url",
                url(ports),
                "--listen",
                loopback(ports.control),
                "--ready-file",
                ready,
                "--log-file",
                log_of(data, kControl)};
    for (const std::string& what : up.second_operator) {
      words.insert(words.end(), {"--second-operator", what});
    }
    if (up.revoke_silent > 0) {
      words.insert(words.end(), {"--revoke-silent", std::to_string(up.revoke_silent)});
    }
    return words;
  };
  made.is_ready = [=, &ports](pid_t) { return daemon_is_ready(ready, ports.control); };
  return made;
}

Program bridge_daemon(const std::string& data, const std::string& path, const Up& up,
                      Ports& ports) {
  const std::string ready = data + "/run/bridge.port";
  const std::string creds = fmt::format("{}/creds/bridge-{}-", data, up.bridge);
  Program made;
  made.arguments = [=, &ports] {
    Words words{path,
                "--id",
                up.bridge,
                "--url",
                url(ports),
                "--agents-creds",
                creds + "agents.creds",
                "--control-creds",
                creds + "control.creds",
                "--control-key",
                data + "/keys/log.pub",
                "--listen",
                loopback(ports.bridge),
                "--ready-file",
                ready,
                "--log-file",
                log_of(data, kBridge)};
    const auto& asked = up.second_operator;
    if (std::find(asked.begin(), asked.end(), "fleet-kill") != asked.end())
      words.emplace_back("--no-fleet-orders");
    return words;
  };
  made.is_ready = [=, &ports](pid_t) { return daemon_is_ready(ready, ports.bridge); };
  return made;
}

}  // namespace

daemon::Endpoint on_loopback(int port) {
  return {"127.0.0.1", static_cast<std::uint16_t>(port)};
}

schemas::Result<std::vector<Program>> programs(const std::string& data, const Common& common,
                                               const Up& up, const std::string& search_path,
                                               Ports& ports) {
  std::error_code error;
  fs::remove_all(data + "/run", error);  // what a crash left
  fs::create_directories(data + "/run", error);
  if (error) {
    return schemas::fail(schemas::Errc::kStoreUnavailable, data + "/run: " + error.message());
  }
  Words paths;
  const char* const names[] = {kBroker, kControl, kBridge};
  for (const char* name : names) {
    auto path = find_program(name, common.bin_dir, own_executable(), search_path);
    if (!path) return tl::make_unexpected(path.error());
    paths.push_back(std::move(*path));
  }
  std::vector<Program> made{broker(data, paths[0], ports),
                            control_daemon(data, paths[1], up, ports),
                            bridge_daemon(data, paths[2], up, ports)};
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i].name = names[i];
    made[i].log_file = log_of(data, names[i]);
  }
  made.front().reopen_signal = SIGUSR1;  // to the broker SIGHUP means its configuration
  return made;
}

}  // namespace estop::cli
