// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/stream.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace estop::sim {
namespace {

std::string_view header(const Message& message, std::string_view key) {
  for (const auto& [name, value] : message.headers) {
    if (name == key) return value;
  }
  return {};
}

std::uint64_t number(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Message answer(std::string data) {
  Message made;
  made.data = std::move(data);
  return made;
}

Message error(int code, std::string_view text) {
  return answer(
      fmt::format(R"({{"error":{{"code":400,"err_code":{},"description":"{}"}}}})", code, text));
}

constexpr std::string_view kSeq = R"({"seq":)";  // how a request begins that names one

}  // namespace

Stream::Stream(const schemas::Subjects& subjects, Events events)
    : get_subject_(subjects.js_direct_get(schemas::Subjects::control_stream()).str()),
      info_subject_(subjects.js_stream_info(schemas::Subjects::control_stream()).str()),
      create_subject_(subjects.js_stream_create(schemas::Subjects::control_stream()).str()),
      purge_subject_(subjects.js_stream_purge(schemas::Subjects::control_stream()).str()),
      events_(std::move(events)) {}

std::optional<Message> Stream::take(const Message& message) {
  if (mood_ == Mood::kSilent || config_.empty()) return std::nullopt;
  if (mood_ == Mood::kRefuses) return error(10047, "insufficient storage resources available");
  if (!header(message, "Nats-Expected-Stream").empty()) return error(10060, "expected stream");
  std::string_view expected = header(message, "Nats-Expected-Last-Sequence");
  if (expected.empty()) expected = header(message, "Nats-Expected-Last-Subject-Sequence");
  const std::uint64_t last = frames_.size() < first_ ? 0 : frames_.size();
  if (number(expected) != last) return error(10071, "wrong last sequence");
  frames_.push_back(message.data);
  events_.took(frames_.size(), message.data);
  if (mood_ == Mood::kMute) return std::nullopt;
  return answer(fmt::format(R"({{"stream":"CONTROL","seq":{}}})", frames_.size()));
}

bool Stream::ask(const Message& message, std::optional<Message>& told) {
  const bool is_get = message.subject == get_subject_;
  const bool is_info = message.subject == info_subject_;
  const bool is_create = message.subject == create_subject_;
  const bool is_purge = message.subject == purge_subject_;
  if (!is_get && !is_info && !is_create && !is_purge) return false;
  if (mood_ == Mood::kSilent || mood_ == Mood::kMute) return true;
  if (is_create && config_.empty()) config_ = message.data;
  if (is_get) {
    told = get(message);
  } else if (is_purge) {
    purge(number(std::string_view(message.data).substr(kSeq.size())));
    told = answer(R"({"success":true})");
  } else {
    told = config_.empty() ? error(10059, "stream not found") : answer(info());
  }
  return true;
}

std::string Stream::info() const {
  return fmt::format(
      R"({{"config":{},"created":"then","state":{{"first_seq":{},"last_seq":{},"messages":{}}}}})",
      config_, frames_.empty() ? 0 : first_, frames_.size(), frames_.size() + 1 - first_);
}

std::optional<Message> Stream::get(const Message& request) const {
  const std::uint64_t seq = number(std::string_view(request.data).substr(kSeq.size()));
  const std::size_t shown = frames_.size() - (mood_ == Mood::kLags && !frames_.empty() ? 1 : 0);
  if (seq >= first_ && seq <= shown) return answer(frames_[seq - 1]);
  Message none;
  none.headers = {{"Status", "404"}, {"Description", "Message Not Found"}};
  return none;
}

void Stream::purge(std::uint64_t before_seq) {
  first_ = std::max(first_, before_seq);
  for (std::uint64_t seq = 1; seq < first_ && seq <= frames_.size(); ++seq)
    frames_[seq - 1].clear();
  if (frames_.size() + 1 < first_) frames_.resize(first_ - 1);
}

void Stream::lose_after(std::uint64_t seq) {
  if (seq >= frames_.size()) return;
  frames_.resize(seq);
  first_ = std::min<std::uint64_t>(first_, frames_.size() + 1);
  events_.lost(seq + 1);
}

void Stream::lose_all() {
  lose_after(0);
  config_.clear();
}

}  // namespace estop::sim
