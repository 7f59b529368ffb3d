// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_codec.h"

#include <algorithm>
#include <utility>  // before Asio 1.74, which uses std::exchange without it

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

namespace estop::daemon {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// Beast 1.74 asserts that an empty body comes with its whole end, of which more always follows.
bool is_half_an_end(std::string_view bytes) {
  return bytes == "0\r\n" || bytes == "0\r\n\r";
}

bool is_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char one) { return one >= 0 && one < ' '; });
}

bool can_be_sent(const HttpAnswer& answer) {
  return answer.status >= 200 && answer.status <= 599 && is_line(answer.content_type) &&
         std::all_of(answer.fields.begin(), answer.fields.end(), [](const HttpField& field) {
           return !field.name.empty() && is_line(field.name) && is_line(field.value);
         });
}

// The head of a message, as text.
template <class Message>
std::string head_of(Message& message) {
  typename http::serializer<false, typename Message::body_type> serializer(message);
  serializer.split(true);
  std::string made;
  error_code error;
  while (!error && !serializer.is_header_done()) {
    serializer.next(error, [&](error_code& /*error*/, const auto& buffers) {
      made += boost::beast::buffers_to_string(buffers);
      serializer.consume(boost::asio::buffer_size(buffers));
    });
  }
  return made;
}

}  // namespace

std::string_view http_reason(int status) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return {reason.data(), reason.size()};
}

struct HttpBodyReader::State {
  http::request_parser<http::string_body> parser;
  std::optional<HttpRefusal> refusal;
  std::size_t max_bytes = 0;

  std::size_t put(std::string_view bytes) {
    error_code error;
    const std::size_t taken = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    const bool is_over = parser.get().body().size() > max_bytes;
    if (error == http::error::body_limit || is_over) {
      refusal = HttpRefusal{413, "the body is too large", {}};
    } else if (error && error != http::error::need_more) {
      refusal = HttpRefusal{400, error.message(), {}};
    }
    return taken;
  }
};

HttpBodyReader::HttpBodyReader(std::string_view raw, std::size_t body_max_bytes)
    : state_(std::make_unique<State>()) {
  state_->max_bytes = body_max_bytes;
  state_->parser.header_limit(static_cast<std::uint32_t>(raw.size() * 2));  // trailers, too
  state_->parser.body_limit(body_max_bytes);
  (void)state_->put(raw);
}

HttpBodyReader::~HttpBodyReader() = default;

std::size_t HttpBodyReader::take(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !is_done() && !state_->refusal) {
    if (state_->parser.chunked() && is_half_an_end(bytes.substr(taken))) break;
    const std::size_t more = state_->put(bytes.substr(taken));
    if (more == 0) break;
    taken += more;
  }
  return taken;
}

bool HttpBodyReader::is_done() const {
  return state_->parser.is_done();
}

const std::optional<HttpRefusal>& HttpBodyReader::refusal() const {
  return state_->refusal;
}

std::string HttpBodyReader::body() {
  return std::move(state_->parser.get().body());
}

std::string http_answer(const HttpAnswer& answer, HttpBody body, bool keeps_alive) {
  if (!can_be_sent(answer)) return http_answer(to_answer({500, {}, {}}, false), body, keeps_alive);
  const bool is_stream = body == HttpBody::kChunked || body == HttpBody::kToTheEnd;
  http::response<http::empty_body> head(static_cast<http::status>(answer.status), 11);
  head.set(http::field::server, "estop");
  head.set(http::field::content_type, answer.content_type);
  head.set(http::field::cache_control, "no-store");
  head.set("X-Content-Type-Options", "nosniff");
  for (const HttpField& field : answer.fields) head.set(field.name, field.value);
  head.keep_alive(keeps_alive && !is_stream);
  if (!is_stream) head.content_length(answer.body.size());
  if (body == HttpBody::kChunked) head.chunked(true);
  std::string made = head_of(head);
  if (body == HttpBody::kWhole) made += answer.body;
  return made;
}

std::string http_chunk(std::string_view bytes) {
  return boost::beast::buffers_to_string(
      http::make_chunk(boost::asio::const_buffer(bytes.data(), bytes.size())));
}

std::string http_last_chunk() {
  return boost::beast::buffers_to_string(http::make_chunk_last());
}

std::string http_continue() {
  http::response<http::empty_body> head(http::status::continue_, 11);
  return head_of(head);
}

}  // namespace estop::daemon
