#include "serving/metrics/load_metrics.h"

#include <algorithm>

namespace trainyard::serving {
namespace {

int64_t Microseconds(std::chrono::nanoseconds took) {
  return std::chrono::duration_cast<std::chrono::microseconds>(took).count();
}

// TensorFlow Serving's ranges.
const Bounds& WarmupBounds() {
  static const Bounds kBounds = Bounds::Exponential(10, 1.8, 33);
  return kBounds;
}

std::string_view OutcomeName(bool succeeded) { return succeeded ? "success" : "fail"; }

}  // namespace

LoadMetrics::OfPath& LoadMetrics::Path(const std::string& path) {
  const auto known = std::find_if(paths_.begin(), paths_.end(),
                                  [&](const OfPath& entry) { return entry.path == path; });
  if (known != paths_.end()) {
    paths_.splice(paths_.begin(), paths_, known);
  } else {
    paths_.emplace_front().path = path;
    if (paths_.size() > kMaxPaths) paths_.pop_back();
  }
  return paths_.front();
}

void LoadMetrics::CountLoad(const std::string& model, const std::string& path, const Status& status,
                            std::chrono::nanoseconds took) {
  const std::lock_guard lock(mutex_);
  for (Totals* totals : {&Path(path).loads[status.ok()], &models_[model][status.ok()]}) {
    ++totals->count;
    totals->microseconds += Microseconds(took);
  }
}

void LoadMetrics::CountWarmup(const std::string& path, const Status& status, int64_t records,
                              std::chrono::nanoseconds took) {
  const std::lock_guard lock(mutex_);
  Warmup& warmup = Path(path).warmups[std::string(StatusCodeName(status.code()))];
  if (warmup.latency == nullptr) warmup.latency = std::make_unique<Histogram>(&WarmupBounds());
  warmup.latency->Observe(Microseconds(took));
  warmup.records += records;
}

void LoadMetrics::AppendTo(MetricsText* text) const {
  const std::lock_guard lock(mutex_);
  text->Family(":tensorflow:cc:saved_model:load_attempt_count", MetricType::kCounter,
               "Loads of a version, by path and outcome.");
  for (const OfPath& entry : paths_) {
    for (const auto& [succeeded, totals] : entry.loads) {
      text->Value({{"model_path", entry.path}, {"status", OutcomeName(succeeded)}}, totals.count);
    }
  }
  text->Family(":tensorflow:cc:saved_model:load_latency", MetricType::kCounter,
               "Microseconds spent in successful loads, by path.");
  for (const OfPath& entry : paths_) {
    const auto good = entry.loads.find(true);
    if (good == entry.loads.end()) continue;
    text->Value({{"model_path", entry.path}}, good->second.microseconds);
  }
  text->Family(":tensorflow:serving:model_warmup_latency", MetricType::kHistogram,
               "Microseconds that warming up took, by path and status.");
  for (const OfPath& entry : paths_) {
    for (const auto& [status, warmup] : entry.warmups) {
      text->Value({{"model_path", entry.path}, {"status", status}}, *warmup.latency);
    }
  }
  text->Family(":tensorflow:serving:model_warmup_records_read", MetricType::kCounter,
               "Warm-up records read, by path and status.");
  for (const OfPath& entry : paths_) {
    for (const auto& [status, warmup] : entry.warmups) {
      text->Value({{"model_path", entry.path}, {"status", status}}, warmup.records);
    }
  }
  text->Family("trainyard_serving_loads_total", MetricType::kCounter,
               "Loads of versions, by model and outcome.");
  for (const auto& [model, outcomes] : models_) {
    for (const auto& [succeeded, totals] : outcomes) {
      text->Value({{"model_name", model}, {"outcome", OutcomeName(succeeded)}}, totals.count);
    }
  }
}

}  // namespace trainyard::serving
