// SPDX-License-Identifier: Apache-2.0

// The way back to one request: an answer, or a stream of bytes.
//
// On the daemon's loop only, at any time, also when the listener is gone: then nothing happens.
#pragma once

#include <memory>
#include <string>

#include "broker-bridge/daemon/http_message.h"

namespace estop::daemon {

class HttpExchange;

// An answer that is sent while it is made, for live events. The connection ends with it. A stream
// notices only when it sends that its client is gone: send a comment every few seconds.
class [[nodiscard]] HttpStream {
 public:
  explicit HttpStream(std::unique_ptr<HttpExchange> exchange);
  HttpStream(HttpStream&&) noexcept;
  HttpStream& operator=(HttpStream&&) noexcept;
  ~HttpStream();  // the regular end, behind what was sent

  // False: it is closed, and stays so. Either the client is gone, or it reads so slowly that more
  // than HttpLimits::stream_max_bytes wait: then the listener has cut it off.
  bool send(std::string bytes);
  [[nodiscard]] bool is_open() const;

 private:
  std::unique_ptr<HttpExchange> exchange_;
};

class [[nodiscard]] HttpResponder {
 public:
  explicit HttpResponder(std::unique_ptr<HttpExchange> exchange);
  HttpResponder(HttpResponder&&) noexcept;
  HttpResponder& operator=(HttpResponder&&) noexcept;
  ~HttpResponder();  // without an answer: 500

  // Once, one of them; later calls do nothing. After HttpLimits::answer_ms the client has got a
  // 503, and the answer is dropped.
  void answer(HttpAnswer answer);
  // Begins a stream with the head of `answer`; its body is not sent. Closed from the start if
  // HttpLimits::streams_max are open: the client gets a 503.
  HttpStream stream(HttpAnswer answer);

 private:
  std::unique_ptr<HttpExchange> exchange_;  // none: it was answered
};

}  // namespace estop::daemon
