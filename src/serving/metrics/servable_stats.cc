#include "serving/metrics/servable_stats.h"

#include "serving/servable.h"

namespace trainyard::serving {
namespace {

// 50 us to 100 s: a trivial model's answer to a large one's.
const Bounds& LatencyBounds() {
  static const Bounds kBounds({50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000,
                               100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000,
                               10'000'000, 30'000'000, 100'000'000});
  return kBounds;
}

}  // namespace

size_t CodeIndex(StatusCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kStatusCodes ? index : static_cast<size_t>(StatusCode::kUnknown);
}

SignatureStats::SignatureStats() : succeeded(&LatencyBounds()), failed(&LatencyBounds()) {}

ServableStats::ServableStats(const std::vector<std::string>& signatures) {
  signatures_.try_emplace("");
  for (const std::string& name : signatures) signatures_.try_emplace(name);
}

void ServableStats::Count(const RequestRecord& record) {
  const bool has_one =
      record.api == Api::kPredict || record.api == Api::kClassify || record.api == Api::kRegress;
  std::string_view name = record.signature;
  if (has_one && name.empty()) name = kDefaultSignature;
  auto at = signatures_.find(has_one ? name : "");
  if (at == signatures_.end()) at = signatures_.find("");
  SignatureStats& stats = at->second;
  stats
      .requests[static_cast<size_t>(record.entrypoint)][static_cast<size_t>(record.api)]
               [CodeIndex(record.code)]
      .Add();
  Histogram& latency = record.code == StatusCode::kOk ? stats.succeeded : stats.failed;
  latency.Observe(std::chrono::duration_cast<std::chrono::microseconds>(record.took).count());
}

}  // namespace trainyard::serving
