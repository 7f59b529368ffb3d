// SPDX-License-Identifier: Apache-2.0

// The structured log of a daemon: one event a line on standard error, JSON for machines, text for
// people. From any thread. Never give it a credential, seed or payload. It writes a warning or
// error that repeats word for word once a minute, with the number of those left out: see repeats.h.
//
//   log_warn("lease-lost", {{"bridge", id}, {"silent_ms", 5120}});
//   {"time":"2025-01-02T03:04:05.678Z","level":"warn","part":"estop-bridge","event":"lease-lost",…}
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "schemas/result.h"

namespace estop::daemon {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };
enum class LogFormat : std::uint8_t {
  kAuto,  // text if standard error is a terminal, else JSON
  kJson,
  kText,
};

struct LogOptions {
  std::string part;  // "estop-bridge"
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kAuto;
};

// Once, first thing in main. Before it the log is JSON lines without a part, from kInfo up.
void start_log(const LogOptions& options);
// Standard output and error go to the end of this file from now on; it is made if it is missing.
// Empty: they stay as they are. kBadArgument names the file and the cause, and changes nothing.
[[nodiscard]] schemas::Result<void> open_log_file(const std::string& path);
// Opens the same name again, after somebody renamed the file. If that fails the old one stays.
void reopen_log_file();
// "debug", "info", "warn", "error"; "auto", "json", "text". kBadArgument lists what is allowed.
[[nodiscard]] schemas::Result<LogLevel> parse_log_level(std::string_view text);
[[nodiscard]] schemas::Result<LogFormat> parse_log_format(std::string_view text);

// A key and its value, already as JSON text. Strings are escaped here.
class LogField {
 public:
  LogField(std::string_view key, std::string_view value);
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, bool value) : key_(key), json_(value ? "true" : "false") {}
  LogField(std::string_view key, double value);
  template <std::integral T>
  LogField(std::string_view key, T value) : key_(key), json_(std::to_string(value)) {}

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] const std::string& json() const noexcept { return json_; }

 private:
  std::string_view key_;  // a literal of ours
  std::string json_;
};
using LogFields = std::initializer_list<LogField>;

// `event` is a literal in kebab-case; what varies goes into fields.
void log_event(LogLevel level, std::string_view event, LogFields fields);
inline void log_debug(std::string_view event, LogFields fields = {}) {
  log_event(LogLevel::kDebug, event, fields);
}
inline void log_info(std::string_view event, LogFields fields = {}) {
  log_event(LogLevel::kInfo, event, fields);
}
inline void log_warn(std::string_view event, LogFields fields = {}) {
  log_event(LogLevel::kWarn, event, fields);
}
inline void log_error(std::string_view event, LogFields fields = {}) {
  log_event(LogLevel::kError, event, fields);
}

// The line without its end, as log_event writes it: for tests and other sinks.
[[nodiscard]] std::string format_json(std::string_view time, LogLevel level, std::string_view part,
                                      std::string_view event, LogFields fields);
[[nodiscard]] std::string format_text(std::string_view time, LogLevel level, std::string_view event,
                                      LogFields fields);

}  // namespace estop::daemon
