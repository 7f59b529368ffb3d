// SPDX-License-Identifier: Apache-2.0

// H8: the broker has no door but the one for clients, and its monitor on loopback.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/integration/auth/auth_broker.h"
#include "tests/support/socket.h"

namespace estop::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Listeners : public ::testing::Test {
 protected:
  AuthBroker broker_;
};

std::string http_get(int port, const std::string& path) {
  Socket socket = Socket::connect(port);
  socket.send("GET " + path + " HTTP/1.0\r\n\r\n");
  std::string answer;
  for (std::string part; !(part = socket.receive(std::chrono::seconds(5))).empty();) answer += part;
  return answer.substr(std::min(answer.find("\r\n\r\n"), answer.size()));
}

TEST_F(Listeners, H8VarzShowsNoOtherProtocol) {
  const json varz = json::parse(http_get(broker_.monitor_port(), "/varz"));
  for (const char* door : {"leaf", "websocket", "mqtt", "cluster", "gateway"}) {
    EXPECT_EQ(varz[door], json::object()) << door;
  }
  EXPECT_EQ(varz["host"], "127.0.0.1");
  EXPECT_EQ(varz["http_host"], "127.0.0.1");
  EXPECT_EQ(varz["https_port"], 0);
  EXPECT_EQ(varz["auth_required"], true);
}

std::set<std::string> sockets_of(pid_t pid) {
  std::set<std::string> inodes;
  for (const auto& file : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(file, gone);
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  return inodes;
}

// "<address> <port>" of each TCP socket on which the process listens; addresses as the kernel
// prints them.
std::set<std::string> listeners_of(pid_t pid) {
  const auto inodes = sockets_of(pid);
  std::set<std::string> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string slot, local, remote, state, skipped, inode;
      words >> slot >> local >> remote >> state;
      for (int i = 0; i < 5; ++i) words >> skipped;
      words >> inode;
      if (state != "0A" || !inodes.contains(inode)) continue;
      const std::size_t colon = local.find(':');
      found.insert(local.substr(0, colon) + ' ' +
                   std::to_string(std::stoi(local.substr(colon + 1), nullptr, 16)));
    }
  }
  return found;
}

TEST_F(Listeners, H8OnlyTheClientAndMonitorPortsAreOpenAndOnLoopback) {
  const std::string loopback = "0100007F ";
  EXPECT_EQ(listeners_of(broker_.pid()),
            (std::set<std::string>{loopback + std::to_string(broker_.port()),
                                   loopback + std::to_string(broker_.monitor_port())}));
}

}  // namespace
}  // namespace estop::testing
