// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/metrics.h"

#include <stdexcept>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace estop::daemon {
namespace {

const prometheus::Histogram::BucketBoundaries& latency_buckets_seconds() {
  static const prometheus::Histogram::BucketBoundaries buckets{
      0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
      0.1,     0.25,   0.5,     1,      2.5,   5,      10,    15,   30};
  return buckets;
}

void require(const Metric& metric, MetricKind kind) {
  if (metric.kind != kind) throw std::logic_error(std::string(metric.name) + ": another kind");
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
};

Metrics::Metrics(std::string_view part) : state_(std::make_unique<State>()) {
  gauge(metric::kBuildInfo, {{"part", std::string(part)}, {"version", ESTOP_VERSION}}).set(1);
}

Metrics::~Metrics() = default;

// The registry hands back the same family for the same name and help, and the same series for the
// same labels.
Counter Metrics::counter(const Metric& metric, const Labels& labels) {
  require(metric, MetricKind::kCounter);
  auto& family =
      prometheus::BuildCounter().Name(metric.name).Help(metric.help).Register(state_->registry);
  return Counter(family.Add(labels));
}

std::map<schemas::Errc, Counter> Metrics::counters_of_errors(const Metric& metric,
                                                             const std::string& label) {
  constexpr std::uint16_t kNumbers = 10'000;  // codes have four digits
  std::map<schemas::Errc, Counter> made;
  for (std::uint16_t number = 1; number < kNumbers; ++number) {
    const schemas::Errc code = schemas::errc_from_number(number);
    if (static_cast<std::uint16_t>(code) != number) continue;
    made.emplace(code, counter(metric, {{label, std::string(schemas::name(code))}}));
  }
  return made;
}

Gauge Metrics::gauge(const Metric& metric, const Labels& labels) {
  require(metric, MetricKind::kGauge);
  auto& family =
      prometheus::BuildGauge().Name(metric.name).Help(metric.help).Register(state_->registry);
  return Gauge(family.Add(labels));
}

Histogram Metrics::histogram(const Metric& metric, const Labels& labels) {
  require(metric, MetricKind::kHistogram);
  auto& family =
      prometheus::BuildHistogram().Name(metric.name).Help(metric.help).Register(state_->registry);
  return Histogram(family.Add(labels, latency_buckets_seconds()));
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

void Counter::add(std::uint64_t count) const {
  series_->Increment(static_cast<double>(count));
}

void Counter::raise_to(double total) const {
  const double missing = total - series_->Value();
  if (missing > 0) series_->Increment(missing);
}

void Gauge::set(double value) const {
  series_->Set(value);
}
void Histogram::observe(double seconds) const {
  series_->Observe(seconds);
}

}  // namespace estop::daemon
