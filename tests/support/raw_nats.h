// SPDX-License-Identifier: Apache-2.0

// A NATS client that speaks the protocol byte by byte: what a hostile agent could send, and exactly
// what the broker answers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.h"
#include "tests/support/socket.h"

namespace estop::testing {

struct RawMessage {
  std::string subject;
  std::string data;  // behind its headers, if it has any
  friend bool operator==(const RawMessage&, const RawMessage&) = default;
};

// What the broker said up to its answer to our PING.
struct RawAnswers {
  std::vector<RawMessage> messages;
  std::vector<std::string> errors;  // texts of -ERR
  bool closed = false;              // it hung up, or fell silent, before it answered
};

class RawNats {
 public:
  static constexpr std::chrono::milliseconds kAnswerPatience{5'000};

  // Connects and reads INFO. `creds_text`: the text of a .creds file, or empty for no credential.
  // kNoContact: nobody there; kUnauthenticated with the broker's -ERR.
  [[nodiscard]] static schemas::Result<RawNats> connect(int port, std::string_view creds_text = {});

  // Connects and reads INFO, no more: the broker knows nothing of us yet.
  [[nodiscard]] static schemas::Result<RawNats> open(int port);
  // Sends CONNECT with a JSON object. kUnauthenticated with the broker's -ERR.
  schemas::Result<void> log_in(std::string_view connect_json);

  [[nodiscard]] const std::string& info() const noexcept { return info_; }  // JSON text of INFO

  bool send(std::string_view bytes) { return socket_.send(bytes); }  // as they are
  bool publish(std::string_view subject, std::string_view data, std::string_view reply = {});
  bool subscribe(std::string_view subject, int sid, std::string_view queue = {});

  // The next line without CR LF; nullopt at the end of the stream or of the patience. Answers PING
  // by itself. The payload of a MSG is the next line, if it holds no line break.
  [[nodiscard]] std::optional<std::string> read_line(
      std::chrono::milliseconds patience = kAnswerPatience);
  // Sends PING and collects the lines up to the PONG: all that the broker said about what was sent
  // before. Ends early with the stream.
  [[nodiscard]] std::string drain();
  // The same, taken apart; a message may hold any bytes.
  [[nodiscard]] RawAnswers sync();
  // The next message; nullopt when the patience is over.
  [[nodiscard]] std::optional<RawMessage> next_message(
      std::chrono::milliseconds patience = kAnswerPatience);

 private:
  explicit RawNats(Socket socket) : socket_(std::move(socket)) {}
  [[nodiscard]] std::optional<std::string> next_line(std::chrono::milliseconds patience);
  [[nodiscard]] std::optional<RawMessage> message_behind(std::string_view line);

  Socket socket_;
  std::string received_;
  std::string info_;
};

}  // namespace estop::testing
