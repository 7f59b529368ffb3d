// SPDX-License-Identifier: Apache-2.0

// One connection: reads a request, passes it to its handler, answers it, reads the next. On the
// listener's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/http_codec.h"
#include "broker-bridge/daemon/http_exchange.h"
#include "broker-bridge/daemon/http_head.h"
#include "broker-bridge/daemon/http_limits.h"
#include "broker-bridge/daemon/http_places.h"
#include "broker-bridge/daemon/http_routes.h"
#include "broker-bridge/daemon/http_wire.h"

namespace estop::daemon {

// State that the connections of one listener share. Outlives them.
struct HttpHost {
  HttpLimits limits;
  HttpRoutes routes;
  std::size_t streams = 0;  // open
  bool is_leaving = false;  // every answer is a connection's last
  std::function<void(std::uint64_t id, HttpPlaces::Phase phase)> enter;
  // To the daemon's loop. False: too many wait there.
  std::function<bool(std::uint64_t id, std::uint64_t number, const HttpHandler& handler,
                     HttpRequest request)>
      hand_over;
  std::function<void(std::uint64_t id)> ended;  // may destroy the session
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(HttpHost& host, std::uint64_t id, std::string peer, std::unique_ptr<HttpWire> wire)
      : host_(host), id_(id), peer_(std::move(peer)), wire_(std::move(wire)) {}

  void start();
  void end();    // at once
  void leave();  // as soon as what is under way is answered

  // From the daemon's loop, for the request of that number; else nothing happens.
  void answer(std::uint64_t number, const HttpAnswer& answer);
  void begin(std::uint64_t number, const HttpAnswer& head, const std::shared_ptr<HttpFlow>& flow);
  void more(std::uint64_t number, std::string_view bytes);
  void finish(std::uint64_t number);
  void cut(std::uint64_t number);

 private:
  enum class Stage { kGreeting, kIdle, kHead, kBody, kHandling, kWriting, kStream, kClosing };

  void arm(std::chrono::milliseconds time, void (HttpSession::*late)());
  void await_request();
  void read();
  void got(std::string_view bytes);
  void late_request();
  void late_answer();
  void look_for_head();
  void take_head(std::size_t bytes);
  void take_body();
  void ask(std::string body);
  void refuse(const HttpRefusal& refusal, bool keeps);
  void respond(const HttpAnswer& answer, bool keeps);
  void write(std::function<void()> then);
  void pump();
  void close_gently();
  void discard();

  HttpHost& host_;
  std::uint64_t id_;
  std::string peer_;
  std::unique_ptr<HttpWire> wire_;
  Stage stage_ = Stage::kGreeting;
  bool is_over_ = false;
  bool is_late_ = false;  // the read that is under way was cancelled
  std::string input_;     // read, and not taken yet
  std::string output_;    // being written
  HttpHead head_;         // of the request under way
  const HttpHandler* handler_ = nullptr;
  std::string rest_;
  std::optional<HttpBodyReader> body_;
  std::uint64_t number_ = 0;  // of requests, the one under way with them
  // Of a stream:
  std::shared_ptr<HttpFlow> flow_;
  std::string waiting_;            // to be written next
  std::size_t waiting_bytes_ = 0;  // of it, as unsent_bytes counts them
  std::size_t writing_bytes_ = 0;
  bool is_writing_ = false;
  bool is_finished_ = false;
};

}  // namespace estop::daemon
