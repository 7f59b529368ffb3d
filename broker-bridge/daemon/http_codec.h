// SPDX-License-Identifier: Apache-2.0

// The bytes of HTTP/1.1 on the wire, by Beast: bodies of requests in, answers out. Without a
// socket.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/http_head.h"
#include "broker-bridge/daemon/http_message.h"

namespace estop::daemon {

// "Not Found" of 404.
[[nodiscard]] std::string_view http_reason(int status);

// Takes the body of one request, of at most `body_max_bytes`.
class HttpBodyReader {
 public:
  // `raw`: the head, which read_http_head() took.
  HttpBodyReader(std::string_view raw, std::size_t body_max_bytes);
  ~HttpBodyReader();
  HttpBodyReader(const HttpBodyReader&) = delete;
  HttpBodyReader& operator=(const HttpBodyReader&) = delete;

  // The number of `bytes` that belong to the body and are consumed; pass the others again, with
  // more.
  [[nodiscard]] std::size_t take(std::string_view bytes);
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] const std::optional<HttpRefusal>& refusal() const;  // after that, no take()
  [[nodiscard]] std::string body();                                 // once, when it is done

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class HttpBody {
  kWhole,    // the answer's, with its length
  kOmitted,  // the same head without it: an answer to HEAD
  kChunked,  // none yet: chunks follow, until http_last_chunk()
  kToTheEnd  // the same for HTTP/1.0: bytes follow, until the connection ends
};
// An answer that cannot be sent as it is (a line break in a field) becomes a 500.
[[nodiscard]] std::string http_answer(const HttpAnswer& answer, HttpBody body, bool keeps_alive);
[[nodiscard]] std::string http_chunk(std::string_view bytes);  // not of nothing: that is the last
[[nodiscard]] std::string http_last_chunk();
[[nodiscard]] std::string http_continue();  // 100: send the body

}  // namespace estop::daemon
