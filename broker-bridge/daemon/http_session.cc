// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/http_session.h"

#include <utility>

namespace estop::daemon {
namespace {

using Phase = HttpPlaces::Phase;

constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

// The timer does not keep a session.
void HttpSession::arm(std::chrono::milliseconds time, void (HttpSession::*late)()) {
  wire_->arm(time, [weak = weak_from_this(), late] {
    if (const auto self = weak.lock()) ((*self).*late)();
  });
}

void HttpSession::start() {
  arm(host_.limits.handshake_ms, &HttpSession::end);
  wire_->greet([self = shared_from_this()](bool is_done) {
    is_done && !self->is_over_ ? self->await_request() : self->end();
  });
}

void HttpSession::end() {
  if (is_over_) return;
  is_over_ = true;
  if (flow_ != nullptr) {
    flow_->is_open = false;
    --host_.streams;
  }
  wire_->close();
  host_.ended(id_);
}

void HttpSession::leave() {
  const bool is_between = stage_ == Stage::kIdle || stage_ == Stage::kGreeting;
  if (is_between) return end();
  if (stage_ == Stage::kStream) finish(number_);
}

void HttpSession::await_request() {
  stage_ = Stage::kIdle;
  host_.enter(id_, Phase::kWaiting);
  if (host_.is_leaving) return close_gently();
  if (!input_.empty()) {  // requests in a pipeline
    stage_ = Stage::kHead;
    arm(host_.limits.header_ms, &HttpSession::late_request);
    return look_for_head();
  }
  arm(host_.limits.idle_ms, &HttpSession::end);
  read();
}

void HttpSession::read() {
  wire_->read([self = shared_from_this()](std::string_view bytes) {
    if (!self->is_over_) self->got(bytes);
  });
}

void HttpSession::got(std::string_view bytes) {
  if (is_late_) return refuse({408, {}, {}}, false);
  // On a stream the client has nothing to say: it is gone, or no client of ours.
  if (bytes.empty() || stage_ == Stage::kStream) return end();
  input_ += bytes;
  if (stage_ == Stage::kBody) return take_body();
  if (stage_ == Stage::kIdle) {
    stage_ = Stage::kHead;
    arm(host_.limits.header_ms, &HttpSession::late_request);
  }
  look_for_head();
}

void HttpSession::late_request() {
  is_late_ = true;
  wire_->cancel();
}

void HttpSession::late_answer() {
  refuse({503, "no answer in time", {}}, false);
}

void HttpSession::look_for_head() {
  const std::size_t end = input_.find(kHeadEnd);
  const bool is_there = end != std::string::npos;
  const std::size_t bytes = is_there ? end + kHeadEnd.size() : input_.size();
  if (bytes > host_.limits.header_max_bytes) {
    head_ = {};
    return refuse({431, "the head is too large", {}}, false);
  }
  is_there ? take_head(bytes) : read();
}

void HttpSession::take_head(std::size_t bytes) {
  const std::string raw = input_.substr(0, bytes);
  input_.erase(0, bytes);
  ++number_;
  auto head = read_http_head(raw);
  head_ = head ? std::move(*head) : HttpHead{};
  if (!head) return refuse(head.error(), false);
  auto found = host_.routes.find(head_.method, head_.path);
  if (!found) return refuse(found.error(), !head_.has_body());
  handler_ = found->handler;
  rest_ = std::move(found->rest);
  if (!head_.has_body()) return ask({});
  if (head_.body_bytes > host_.limits.body_max_bytes) {
    return refuse({413, "the body is too large", {}}, false);
  }
  body_.emplace(raw, host_.limits.body_max_bytes);
  stage_ = Stage::kBody;
  arm(host_.limits.body_ms, &HttpSession::late_request);
  if (!head_.awaits_continue || !input_.empty()) return take_body();
  output_ = http_continue();
  write([this] { take_body(); });
}

void HttpSession::take_body() {
  const std::size_t taken = body_->take(input_);
  input_.erase(0, taken);
  if (body_->refusal()) return refuse(*body_->refusal(), false);
  if (body_->is_done()) return ask(body_->body());
  // The line before a chunk that does not end.
  if (input_.size() > host_.limits.header_max_bytes) return refuse({400, {}, {}}, false);
  read();
}

void HttpSession::ask(std::string body) {
  stage_ = Stage::kHandling;
  body_.reset();
  host_.enter(id_, Phase::kBusy);
  arm(host_.limits.answer_ms, &HttpSession::late_answer);
  HttpRequest request{head_.method,    head_.path, std::move(rest_), head_.query, head_.fields,
                      std::move(body), peer_,      wire_->is_tls()};
  if (host_.hand_over(id_, number_, *handler_, std::move(request))) return;
  refuse({503, "too many requests wait", {}}, true);
}

void HttpSession::answer(std::uint64_t number, const HttpAnswer& answer) {
  if (stage_ == Stage::kHandling && number == number_) respond(answer, true);
}

void HttpSession::refuse(const HttpRefusal& refusal, bool keeps) {
  HttpAnswer answer = to_answer(refusal, wants_json(head_));
  if (refusal.status == 503) answer.fields.push_back({"Retry-After", "1"});
  respond(answer, keeps);
}

void HttpSession::respond(const HttpAnswer& answer, bool keeps) {
  stage_ = Stage::kWriting;
  host_.enter(id_, Phase::kWriting);
  const bool is_last = !keeps || !head_.keeps_alive || host_.is_leaving ||
                       number_ >= host_.limits.requests_per_connection_max;
  const bool is_head = head_.method == "HEAD";
  output_ = http_answer(answer, is_head ? HttpBody::kOmitted : HttpBody::kWhole, !is_last);
  arm(host_.limits.write_ms, &HttpSession::end);
  write([this, is_last] { is_last ? close_gently() : await_request(); });
}

// What is in output_; then goes on, unless the connection is over.
void HttpSession::write(std::function<void()> then) {
  wire_->write(output_, [self = shared_from_this(), then = std::move(then)](bool is_done) {
    if (self->is_over_) return;
    is_done ? then() : self->end();
  });
}

// The client may still be sending what nobody will read. Bytes that nobody reads would make the
// kernel reset the connection, and the last answer would be lost with it.
void HttpSession::close_gently() {
  stage_ = Stage::kClosing;
  input_.clear();
  host_.enter(id_, Phase::kWaiting);
  arm(host_.limits.linger_ms, &HttpSession::end);
  wire_->finish([self = shared_from_this()](bool /*is_done*/) {
    if (!self->is_over_) self->discard();
  });
}

void HttpSession::discard() {
  wire_->discard([self = shared_from_this()](std::string_view bytes) {
    if (self->is_over_) return;
    bytes.empty() ? self->end() : self->discard();
  });
}

// --- Streams ---

void HttpSession::begin(std::uint64_t number, const HttpAnswer& head,
                        const std::shared_ptr<HttpFlow>& flow) {
  const bool is_asked = stage_ == Stage::kHandling && number == number_;
  if (!is_asked || host_.streams >= host_.limits.streams_max || head_.method == "HEAD") {
    flow->is_open = false;
    if (is_asked && head_.method == "HEAD") return respond(head, false);
    if (is_asked) refuse({503, "too many streams", {}}, true);
    return;
  }
  ++host_.streams;
  flow_ = flow;
  stage_ = Stage::kStream;
  waiting_ = http_answer(head, head_.is_1_0 ? HttpBody::kToTheEnd : HttpBody::kChunked, false);
  read();
  pump();
}

void HttpSession::more(std::uint64_t number, std::string_view bytes) {
  if (stage_ != Stage::kStream || number != number_) return;
  waiting_ += head_.is_1_0 ? std::string(bytes) : http_chunk(bytes);
  waiting_bytes_ += bytes.size() + kHttpPiece_bytes;
  pump();
}

void HttpSession::finish(std::uint64_t number) {
  if (stage_ != Stage::kStream || number != number_ || is_finished_) return;
  is_finished_ = true;
  flow_->is_open = false;
  if (!head_.is_1_0) waiting_ += http_last_chunk();
  pump();
}

void HttpSession::cut(std::uint64_t number) {
  if (stage_ == Stage::kStream && number == number_) end();
}

void HttpSession::pump() {
  if (is_writing_) return;
  if (waiting_.empty()) {
    return is_finished_ ? end() : wire_->disarm();  // until there is something to write
  }
  is_writing_ = true;
  output_ = std::exchange(waiting_, {});
  writing_bytes_ = std::exchange(waiting_bytes_, 0);
  arm(host_.limits.write_ms, &HttpSession::end);
  write([this] {
    is_writing_ = false;
    flow_->unsent_bytes -= writing_bytes_;
    pump();
  });
}

}  // namespace estop::daemon
