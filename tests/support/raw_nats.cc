#include "tests/support/raw_nats.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "schemas/signing.h"

namespace estop::testing {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::fail;

std::string as_text(const schemas::Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

// The JWT part of a .creds file: the line between the first two markers.
std::string user_jwt(std::string_view creds) {
  const auto marker = creds.find("BEGIN NATS USER JWT");
  const auto start = creds.find('\n', marker);
  if (marker == std::string_view::npos || start == std::string_view::npos) return {};
  auto text = creds.substr(start + 1, creds.find("\n-", start) - start - 1);
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return std::string(text);
}

}  // namespace

schemas::Result<RawNats> RawNats::connect(int port, std::string_view creds_text) {
  Socket socket = Socket::connect(port);
  if (!socket.is_open()) return fail(Errc::kNoContact, "nobody listens there");
  RawNats made(std::move(socket));
  const auto info = made.next_line(kAnswerPatience);
  if (!info || !info->starts_with("INFO ")) return fail(Errc::kNoContact, "no INFO");
  made.info_ = info->substr(5);
  json options{{"verbose", false}, {"pedantic", false}, {"lang", "raw"},        {"version", "0"},
               {"headers", true},  {"protocol", 1},     {"no_responders", true}};
  if (!creds_text.empty()) {
    const auto key = schemas::key_from_creds(creds_text);
    if (!key) return tl::make_unexpected(key.error());
    const auto nonce = json::parse(made.info_).value("nonce", std::string());
    options["jwt"] = user_jwt(creds_text);
    options["sig"] = schemas::base64url(as_text(key->sign(nonce)));
  }
  made.send("CONNECT " + options.dump() + "\r\nPING\r\n");
  const auto answer = made.next_line(kAnswerPatience);
  if (answer != "PONG") return fail(Errc::kUnauthenticated, answer.value_or("connection closed"));
  return made;
}

bool RawNats::publish(std::string_view subject, std::string_view data, std::string_view reply) {
  const std::string_view gap = reply.empty() ? "" : " ";
  return send(fmt::format("PUB {}{}{} {}\r\n{}\r\n", subject, gap, reply, data.size(), data));
}

bool RawNats::subscribe(std::string_view subject, int sid, std::string_view queue) {
  const std::string_view gap = queue.empty() ? "" : " ";
  return send(fmt::format("SUB {}{}{} {}\r\n", subject, gap, queue, sid));
}

std::optional<std::string> RawNats::next_line(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    if (const auto end = received_.find("\r\n"); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 2);
      return line;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    const auto more = socket_.receive(left);
    if (more.empty()) return std::nullopt;
    received_ += more;
  }
}

std::optional<std::string> RawNats::read_line(std::chrono::milliseconds patience) {
  for (;;) {
    auto line = next_line(patience);
    if (!line || *line != "PING") return line;
    send("PONG\r\n");
  }
}

std::string RawNats::drain() {
  send("PING\r\n");
  std::string lines;
  for (auto line = read_line(); line && *line != "PONG"; line = read_line()) lines += *line + "\n";
  return lines;
}

}  // namespace estop::testing
