#include "latencies.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace trainyard::bench {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

std::string Latencies::Report() const {
  std::vector<int64_t> nanoseconds;
  nanoseconds.reserve(answers_.size());
  for (const Answer& answer : answers_) nanoseconds.push_back(answer.answered - answer.sent);
  std::sort(nanoseconds.begin(), nanoseconds.end());
  const size_t count = nanoseconds.size();
  const auto milliseconds_at = [&](double share) {
    if (count == 0) return 0.0;
    const size_t at = std::min(count - 1, static_cast<size_t>(share * static_cast<double>(count)));
    return static_cast<double>(nanoseconds[at]) / 1e6;
  };
  const double seconds = std::chrono::duration<double>(last_ - begin_).count();
  const double sum = std::accumulate(nanoseconds.begin(), nanoseconds.end(), 0.0);
  const nlohmann::json report = {
      {"requests", count},
      {"requests_per_s", count == 0 ? 0.0 : static_cast<double>(count) / seconds},
      {"mean_ms", count == 0 ? 0.0 : sum / static_cast<double>(count) / 1e6},
      {"p50_ms", milliseconds_at(0.5)},
      {"p99_ms", milliseconds_at(0.99)},
      {"p999_ms", milliseconds_at(0.999)},
      {"max_ms", milliseconds_at(1)},
      {"errors", errors_},
      {"first_error", first_error_},
      {"cpu_s", CpuSeconds()}};
  return report.dump();
}

Status Latencies::WriteTimes(const std::string& path) const {
  const auto* bytes = reinterpret_cast<const char*>(answers_.data());
  return WriteFileAtomically(path, {bytes, answers_.size() * sizeof(Answer)}, /*sync=*/false);
}

}  // namespace trainyard::bench
