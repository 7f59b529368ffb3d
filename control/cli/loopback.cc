// SPDX-License-Identifier: Apache-2.0
#include "control/cli/loopback.h"

#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <random>
#include <string>

namespace estop::cli {
namespace {

using boost::asio::ip::tcp;
using Acceptor = tcp::acceptor;

constexpr std::chrono::seconds kPatience{1};

// Below the range from which the kernel serves connections and other programs' port 0: between the
// choice and the listening nobody takes it but by chance.
constexpr int kFirstPort = 20'000;
constexpr int kLastPort = 32'000;

tcp::endpoint loopback_endpoint(int port) {
  return {boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port)};
}

}  // namespace

bool is_free(int port) {
  boost::asio::io_context loop;
  Acceptor acceptor(loop);
  boost::system::error_code error;
  acceptor.open(tcp::v4(), error);
  acceptor.set_option(Acceptor::reuse_address(true), error);
  acceptor.bind(loopback_endpoint(port), error);
  return !error;
}

bool answers_ok(int port, const char* path) {
  tcp::iostream stream;
  stream.expires_after(kPatience);
  stream.connect(loopback_endpoint(port));
  stream << "GET " << path << " HTTP/1.0\r\nHost: localhost\r\n\r\n" << std::flush;
  std::string version;
  int status = 0;
  stream >> version >> status;
  return stream && status == 200;
}

bool accepts(int port) {
  tcp::iostream stream;
  stream.expires_after(kPatience);
  stream.connect(loopback_endpoint(port));
  return static_cast<bool>(stream);
}

}  // namespace estop::cli
