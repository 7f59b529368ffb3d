// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/nats/jetstream.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace estop::nats {
namespace {

using nlohmann::json;
using schemas::Errc;
using schemas::Error;
using schemas::fail;
using schemas::Result;

constexpr int kStreamNotFound = 10059;
constexpr int kWrongLastSequence = 10071;
constexpr int kWrongLastSubjectSequence = 10164;  // newer brokers, for a constant expectation

// What the broker refused, in our vocabulary.
Error refusal(const json& error) {
  const auto told = error.find("err_code");
  const bool has_code = told != error.end() && told->is_number_integer();
  const int code = has_code ? told->get<int>() : 0;
  const std::string detail =
      fmt::format("{} ({})", error.value("description", std::string("JetStream error")), code);
  if (code == kWrongLastSequence || code == kWrongLastSubjectSequence) {
    return {Errc::kLogConflict, detail};
  }
  if (code == kStreamNotFound) return {Errc::kNotFound, detail};
  return {Errc::kStoreUnavailable, detail};
}

// An answer of the JetStream API as JSON. No responders means that JetStream is off here.
Result<json> parse(const Result<MessageView>& answer) {
  if (!answer) {
    if (answer.error().code != Errc::kNoContact) return tl::make_unexpected(answer.error());
    return fail(Errc::kStoreUnavailable, "JetStream does not answer: " + answer.error().detail);
  }
  auto parsed = json::parse(answer->data, nullptr, false);
  if (!parsed.is_object()) return fail(Errc::kStoreUnavailable, "not a JetStream answer");
  const auto error = parsed.find("error");
  if (error != parsed.end() && error->is_object()) return tl::make_unexpected(refusal(*error));
  return parsed;
}

json wanted_config(const schemas::Subjects& subjects, const std::string& name) {
  return {{"name", name},          {"subjects", {subjects.log().str()}},
          {"retention", "limits"}, {"storage", "file"},
          {"discard", "new"},      {"num_replicas", 1},
          {"max_consumers", -1},   {"max_msgs", -1},
          {"max_bytes", -1},       {"max_msg_size", -1},
          {"max_age", 0},          {"deny_delete", true},
          {"deny_purge", false},   {"allow_direct", true}};
}

// The first setting that would let somebody change the log behind our back; empty if none.
std::string difference(const json& config, const schemas::Subjects& subjects) {
  const json wanted = wanted_config(subjects, config.value("name", std::string()));
  for (const char* key : {"subjects", "storage", "retention", "discard", "max_msgs", "max_bytes",
                          "max_age", "deny_delete", "allow_direct"}) {
    const auto found = config.find(key);
    if (found == config.end() || *found != wanted.at(key)) return key;
  }
  return {};
}

Result<StreamInfo> read_info(const Result<json>& answer, const schemas::Subjects& subjects) try {
  if (!answer) return tl::make_unexpected(answer.error());
  if (const auto bad = difference(answer->at("config"), subjects); !bad.empty()) {
    return fail(Errc::kStoreUnavailable,
                "a stream of that name exists with another setting of " + bad);
  }
  const json& state = answer->at("state");
  StreamInfo info;
  info.first_seq = state.at("first_seq").get_ref<const json::number_unsigned_t&>();
  info.last_seq = state.at("last_seq").get_ref<const json::number_unsigned_t&>();
  info.messages = state.at("messages").get_ref<const json::number_unsigned_t&>();
  info.created = answer->at("created").get<std::string>();
  info.fresh = answer->value("did_create", false);
  return info;
} catch (const json::exception& error) {
  return fail(Errc::kStoreUnavailable, fmt::format("not a stream info: {}", error.what()));
}

Result<std::uint64_t> read_ack(const Result<json>& answer) {
  if (!answer) return tl::make_unexpected(answer.error());
  const auto seq = answer->find("seq");
  if (seq == answer->end() || !seq->is_number_unsigned()) {
    return fail(Errc::kStoreUnavailable, "not an acknowledgement of a stream");
  }
  return seq->get<std::uint64_t>();
}

}  // namespace

JetStream::JetStream(Connection& connection, schemas::Subjects subjects)
    : connection_(connection), subjects_(std::move(subjects)) {}

void JetStream::stream_info(Millis timeout, InfoHandler handler) {
  const auto subject = subjects_.js_stream_info(schemas::Subjects::control_stream());
  connection_.request(
      subject, {}, timeout,
      [subjects = subjects_, handler = std::move(handler)](const Result<MessageView>& answer) {
        handler(read_info(parse(answer), subjects));
      });
}

void JetStream::create(Millis timeout, InfoHandler handler) {
  const auto stream = schemas::Subjects::control_stream();
  const auto subject = subjects_.js_stream_create(stream);
  const std::string name = subject.str().substr(subject.str().rfind('.') + 1);
  connection_.request(
      subject, wanted_config(subjects_, name).dump(), timeout,
      [subjects = subjects_, handler = std::move(handler)](const Result<MessageView>& answer) {
        handler(read_info(parse(answer), subjects));
      });
}

void JetStream::ensure_stream(Millis timeout, InfoHandler handler) {
  stream_info(timeout, [this, timeout, handler = std::move(handler)](Result<StreamInfo> info) {
    if (!info && info.error().code == Errc::kNotFound) return create(timeout, handler);
    handler(std::move(info));
  });
}

bool JetStream::append(std::string_view data, std::uint64_t expected_last_seq, Millis timeout,
                       SeqHandler handler) {
  // Of the subject, which is the only one: brokers before 2.10 take 0 in the other header for "not
  // given", and lose count there when an emptied stream goes on. An empty stream expects 0.
  const char* key = "Nats-Expected-Last-Subject-Sequence";
  const bool sent = connection_.is_connected();
  connection_.request(subjects_.log(), data, timeout,
                      [handler = std::move(handler)](const Result<MessageView>& answer) {
                        handler(read_ack(parse(answer)));
                      },
                      {{key, std::to_string(expected_last_seq)}});
  return sent;
}

void JetStream::purge(std::uint64_t before_seq, Millis timeout, DoneHandler handler) {
  connection_.request(subjects_.js_stream_purge(schemas::Subjects::control_stream()),
                      fmt::format("{{\"seq\":{}}}", before_seq), timeout,
                      [handler = std::move(handler)](const Result<MessageView>& answer) {
                        const auto told = parse(answer);
                        handler(told ? Result<void>{} : schemas::passed_on(told));
                      });
}

void JetStream::get(std::uint64_t seq, Millis timeout, BytesHandler handler) {
  connection_.request(
      subjects_.js_direct_get(schemas::Subjects::control_stream()),
      fmt::format("{{\"seq\":{}}}", seq), timeout,
      [handler = std::move(handler)](const Result<MessageView>& answer) {
        if (!answer) return handler(tl::make_unexpected(answer.error()));
        constexpr int kNoMessage = 404;
        const int status = answer->broker_status();
        if (status == kNoMessage) return handler(fail(Errc::kNotFound, "no such sequence"));
        if (status != 0) {
          return handler(fail(Errc::kStoreUnavailable,
                              answer->header("Description").value_or(std::to_string(status))));
        }
        handler(std::string(answer->data));
      });
}

}  // namespace estop::nats
