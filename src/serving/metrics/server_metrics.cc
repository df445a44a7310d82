#include "serving/metrics/server_metrics.h"

#include <algorithm>

#include "serving/metrics/process_metrics.h"
#include "serving/servable.h"

namespace trainyard::serving {
namespace {

// All combinations that occurred, of one signature of one version.
void AppendRequests(const Labels& version, const SignatureStats& stats, MetricsText* text) {
  for (size_t e = 0; e < kEntrypoints; ++e) {
    for (size_t a = 0; a < kApis; ++a) {
      for (size_t code = 0; code < kStatusCodes; ++code) {
        const int64_t count = stats.requests[e][a][code].value();
        if (count == 0) continue;
        const auto entrypoint = static_cast<Entrypoint>(e);
        Labels labels = version;
        labels.emplace_back("api", ApiName(static_cast<Api>(a), Entrypoint::kGrpc));
        labels.emplace_back("entrypoint", EntrypointName(entrypoint));
        labels.emplace_back("code", StatusCodeName(static_cast<StatusCode>(code)));
        text->Value(labels, count);
      }
    }
  }
}

void AppendSeconds(const Labels& version, const SignatureStats& stats, MetricsText* text) {
  constexpr double kMicrosecond = 1e-6;
  for (const auto& [outcome, histogram] :
       {std::pair("success", &stats.succeeded), std::pair("failure", &stats.failed)}) {
    if (histogram->is_empty()) continue;
    Labels labels = version;
    labels.emplace_back("outcome", outcome);
    text->Value(labels, *histogram, kMicrosecond);
  }
}

}  // namespace

void ServerMetrics::SetGauges(Gauges gauges) {
  const std::lock_guard lock(mutex_);
  gauges_ = std::move(gauges);
}

void ServerMetrics::Count(const RequestRecord& record) {
  if (record.servable != nullptr) {
    ServableStats& stats = record.servable->stats();
    stats.Count(record);
    ModelStats* model = stats.model.load(std::memory_order_acquire);
    if (model == nullptr) model = Register(*record.servable);
    model->Count(record);
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto known = models_.find(record.model);
  (known != models_.end() ? known->second : models_[""]).Count(record);
}

ModelStats* ServerMetrics::Register(const Servable& servable) {
  const std::lock_guard lock(mutex_);
  ModelStats* model = &models_[servable.id().name];
  if (servable.stats().model.exchange(model) == nullptr) {
    versions_.push_back({servable.id().name, servable.id().version, servable.shared_stats()});
    DropEnded();
  }
  return model;
}

// A version has ended when nobody but us holds its counters.
void ServerMetrics::DropEnded() {
  std::map<std::string_view, size_t> ended;
  for (auto version = versions_.rbegin(); version != versions_.rend(); ++version) {
    if (version->stats.use_count() > 1 || ++ended[version->model] <= kEndedVersions) continue;
    dropped_runs_ += version->stats->runs();
    dropped_run_microseconds_ += version->stats->run_microseconds();
    version->stats = nullptr;
  }
  std::erase_if(versions_, [](const Version& version) { return version.stats == nullptr; });
}

void ServerMetrics::AppendVersions(MetricsText* text) const {
  const auto each = [&](const auto& visit) {
    for (const Version& version : versions_) {
      const std::string number = std::to_string(version.number);
      for (const auto& [signature, stats] : version.stats->signatures()) {
        visit({{"model_name", version.model}, {"version", number}, {"signature", signature}}, stats,
              text);
      }
    }
  };
  text->Family("trainyard_serving_requests_total", MetricType::kCounter,
               "Requests by the version and signature that answered.");
  each(AppendRequests);
  text->Family("trainyard_serving_request_seconds", MetricType::kHistogram,
               "Time from a request's arrival to its answer.");
  each(AppendSeconds);
}

void ServerMetrics::AppendRuns(MetricsText* text) const {
  int64_t runs = dropped_runs_;
  int64_t microseconds = dropped_run_microseconds_;
  for (const Version& version : versions_) {
    runs += version.stats->runs();
    microseconds += version.stats->run_microseconds();
  }
  text->Family(":tensorflow:core:graph_runs", MetricType::kCounter, "Runs of a graph.");
  text->Value({}, runs);
  text->Family(":tensorflow:core:graph_run_time_usecs", MetricType::kCounter,
               "Microseconds that runs of a graph took.");
  text->Value({}, microseconds);
  text->Family(":tensorflow:core:direct_session_runs", MetricType::kCounter, "Runs of a session.");
  text->Value({}, runs);
}

void ServerMetrics::AppendGauges(MetricsText* text) const {
  text->Family("trainyard_serving_ready", MetricType::kGauge, "1 if every model answers.");
  text->Value({}, int64_t{gauges_.is_ready() ? 1 : 0});
  text->Family("trainyard_serving_requests_in_flight", MetricType::kGauge,
               "Requests being answered.");
  text->Value({}, gauges_.in_flight());
  text->Family("trainyard_serving_versions", MetricType::kGauge, "Versions by model and state.");
  gauges_.versions([&](std::string_view model, std::string_view state, int64_t count) {
    text->Value({{"model_name", model}, {"state", state}}, count);
  });
}

std::string ServerMetrics::Page() {
  MetricsText text;
  const std::lock_guard lock(mutex_);
  DropEnded();
  AppendModelStats(
      [&](const auto& visit) {
        for (const auto& [name, stats] : models_) visit(name, stats);
      },
      &text);
  AppendVersions(&text);
  AppendRuns(&text);
  batching_.AppendTo(&text);
  loads_.AppendTo(&text);
  AppendGauges(&text);
  AppendProcessMetrics(&text);
  return std::move(text).str();
}

}  // namespace trainyard::serving
