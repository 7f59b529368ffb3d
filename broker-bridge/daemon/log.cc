// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/log.h"

#include <unistd.h>

#include <cmath>
#include <memory>
#include <mutex>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "broker-bridge/daemon/boot_clock.h"
#include "broker-bridge/daemon/repeats.h"
#include "schemas/printable.h"

namespace estop::daemon {
namespace {

using schemas::Errc;
using schemas::fail;
using schemas::Result;

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string time_text() {
  const std::uint64_t now_ms = wall_ms();
  std::string text = schemas::utc_text(now_ms);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, now_ms % 1'000);
}

// As a JSON string: no line break, and U+FFFD for what is no UTF-8. It may come from an agent.
std::string quoted(std::string_view text) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

// The process's log. spdlog brings the sink, its lock and the level check; the line is ours,
// because its JSON patterns do not escape.
struct Log {
  Log() { open(LogOptions{.part = {}, .level = LogLevel::kInfo, .format = LogFormat::kJson}); }
  void open(const LogOptions& options) {
    part = options.part;
    text = options.format == LogFormat::kText ||
           (options.format == LogFormat::kAuto && ::isatty(STDERR_FILENO) == 1);
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (text) {
      sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
      sink->set_pattern("%^%v%$");
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
      sink->set_pattern("%v");
    }
    logger = std::make_shared<spdlog::logger>("estop", std::move(sink));
    logger->set_level(to_spdlog(options.level));
    logger->flush_on(spdlog::level::debug);
  }

  void write(LogLevel level, std::string_view event, LogFields fields) const {
    const auto time = time_text();
    logger->log(to_spdlog(level),
                spdlog::string_view_t(text ? format_text(time, level, event, fields)
                                           : format_json(time, level, part, event, fields)));
  }

  std::string part;
  bool text = false;
  std::shared_ptr<spdlog::logger> logger;
  std::mutex repeats_lock;
  Repeats repeats;
};

Log& process_log() {
  static Log log;
  return log;
}

}  // namespace

void start_log(const LogOptions& options) {
  process_log().open(options);
}

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (level_name(level) == text) return level;
  }
  return fail(Errc::kBadArgument, "the log level is debug, info, warn or error");
}

LogField::LogField(std::string_view key, std::string_view value)
    : key_(key), json_(quoted(value)) {}

LogField::LogField(std::string_view key, double value)
    : key_(key), json_(std::isfinite(value) ? fmt::format("{}", value) : "null") {}

std::string format_json(std::string_view time, LogLevel level, std::string_view part,
                        std::string_view event, LogFields fields) {
  std::string line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\"", time, level_name(level));
  const auto add = [&line](std::string_view key, std::string_view json) {
    line += fmt::format(",{}:{}", quoted(key), json);
  };
  if (!part.empty()) add("part", quoted(part));
  add("event", quoted(event));
  for (const auto& field : fields) add(field.key(), field.json());
  return line + '}';
}

std::string format_text(std::string_view time, LogLevel level, std::string_view event,
                        LogFields fields) {
  std::string line = fmt::format("{} {:<5} {}", time, level_name(level), event);
  for (const auto& field : fields) line += fmt::format(" {}={}", field.key(), field.json());
  return line;
}

void log_event(LogLevel level, std::string_view event, LogFields fields) {
  Log& log = process_log();
  if (!log.logger->should_log(to_spdlog(level))) return;
  std::vector<Repeats::Owed> owed;
  Repeats::Verdict verdict;
  {
    const std::lock_guard guard(log.repeats_lock);
    owed = log.repeats.take_owed(boot_ms());
    if (level >= LogLevel::kWarn) {
      verdict = log.repeats.see(format_text({}, level, event, fields), boot_ms());
    }
  }
  for (const auto& one : owed) {
    log.write(LogLevel::kWarn, "repeated", {{"line", one.line}, {"left_out", one.left_out}});
  }
  if (!verdict.is_told) return;
  if (verdict.left_out > 0) {
    log.write(LogLevel::kWarn, "repeated", {{"event", event}, {"left_out", verdict.left_out}});
  }
  log.write(level, event, fields);
}

}  // namespace estop::daemon
