// SPDX-License-Identifier: Apache-2.0

// Counters, gauges and histograms of one process, and their text for Prometheus.
//
// Ask for each series once, at start, and keep the handle: updating it is one atomic operation,
// from any thread. Handles live as long as the Metrics. Labels are fixed sets, never an address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker-bridge/daemon/metric_names.h"
#include "schemas/result.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace estop::daemon {

class Counter {
 public:
  explicit Counter(prometheus::Counter& series) : series_(&series) {}
  void add(std::uint64_t count = 1) const;
  // For a total that is kept elsewhere (a core's plain counter): raises the series to `total`;
  // ignores a lower value.
  void raise_to(double total) const;

 private:
  prometheus::Counter* series_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& series) : series_(&series) {}
  void set(double value) const;

 private:
  prometheus::Gauge* series_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& series) : series_(&series) {}
  void observe(double seconds) const;

 private:
  prometheus::Histogram* series_;
};

class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  explicit Metrics(std::string_view part);  // sets estop_build_info
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The series of `metric` with these labels, made on first use. The kind must be the metric's
  // (std::logic_error otherwise).
  Counter counter(const Metric& metric, const Labels& labels = {});
  Gauge gauge(const Metric& metric, const Labels& labels = {});
  Histogram histogram(const Metric& metric, const Labels& labels = {});  // 50 µs to 30 s
  // A series for each error code, named by `label`. All are there at once, with 0: the first
  // increase of a series that begins with 1 is invisible to Prometheus.
  std::map<schemas::Errc, Counter> counters_of_errors(const Metric& metric,
                                                      const std::string& label);

  // The exposition, version 0.0.4.
  [[nodiscard]] std::string text() const;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estop::daemon
