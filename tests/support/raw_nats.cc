// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_nats.h"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <nlohmann/json.hpp>
#include <sstream>

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

schemas::Result<RawNats> RawNats::open(int port) {
  Socket socket = Socket::connect(port);
  if (!socket.is_open()) return fail(Errc::kNoContact, "nobody listens there");
  const int on =
      1;  // a PUB and the PING behind it are two writes: without it each pair takes 40 ms
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  RawNats made(std::move(socket));
  const auto info = made.next_line(kAnswerPatience);
  if (!info || !info->starts_with("INFO ")) return fail(Errc::kNoContact, "no INFO");
  made.info_ = info->substr(5);
  return made;
}

schemas::Result<void> RawNats::log_in(std::string_view connect_json) {
  send("CONNECT " + std::string(connect_json) + "\r\nPING\r\n");
  const auto answer = next_line(kAnswerPatience);
  if (answer != "PONG") return fail(Errc::kUnauthenticated, answer.value_or("connection closed"));
  return {};
}

schemas::Result<RawNats> RawNats::connect(int port, std::string_view creds_text) {
  auto made = open(port);
  if (!made) return made;
  json options{{"verbose", false}, {"pedantic", false}, {"lang", "raw"},        {"version", "0"},
               {"headers", true},  {"protocol", 1},     {"no_responders", true}};
  if (!creds_text.empty()) {
    const auto key = schemas::key_from_creds(creds_text);
    if (!key) return tl::make_unexpected(key.error());
    const auto nonce = json::parse(made->info_).value("nonce", std::string());
    options["jwt"] = user_jwt(creds_text);
    options["sig"] = schemas::base64url(as_text(key->sign(nonce)));
  }
  if (auto let_in = made->log_in(options.dump()); !let_in) {
    return tl::make_unexpected(let_in.error());
  }
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
    if (!line) return line;
    if (line->starts_with("INFO ")) continue;  // again: now with the limits of the credential
    if (*line != "PING") return line;
    send("PONG\r\n");
  }
}

std::string RawNats::drain() {
  send("PING\r\n");
  std::string lines;
  for (auto line = read_line(); line && *line != "PONG"; line = read_line()) lines += *line + "\n";
  return lines;
}

RawAnswers RawNats::sync() {
  RawAnswers answers;
  send("PING\r\n");
  for (auto line = read_line(); line != "PONG"; line = read_line()) {
    if (!line) {
      answers.closed = true;
      break;
    }
    if (line->starts_with("-ERR ")) answers.errors.push_back(line->substr(5));
    if (auto message = message_behind(*line)) answers.messages.push_back(std::move(*message));
  }
  return answers;
}

std::optional<RawMessage> RawNats::next_message(std::chrono::milliseconds patience) {
  while (const auto line = read_line(patience)) {
    if (auto message = message_behind(*line)) return message;
  }
  return std::nullopt;
}

// `MSG <subject> <sid> [reply] <size>`, or `HMSG … <size of the headers> <size of all>`.
std::optional<RawMessage> RawNats::message_behind(std::string_view line) {
  const bool has_headers = line.starts_with("HMSG ");
  if (!has_headers && !line.starts_with("MSG ")) return std::nullopt;
  std::vector<std::string> words;
  std::istringstream text{std::string(line)};
  for (std::string word; text >> word;) words.push_back(word);
  const std::size_t size = std::stoul(words.back());
  const std::size_t headers = has_headers ? std::stoul(words[words.size() - 2]) : 0;
  while (received_.size() < size + 2) {
    const auto more = socket_.receive(kAnswerPatience);
    if (more.empty()) return std::nullopt;
    received_ += more;
  }
  RawMessage message{words[1], received_.substr(headers, size - headers)};
  received_.erase(0, size + 2);
  return message;
}

}  // namespace estop::testing
