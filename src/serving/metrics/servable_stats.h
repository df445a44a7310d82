// What is counted for one loaded version, signature by signature. Lives in the Servable, so that a
// request finds its counters without a lookup by name; shared with ServerMetrics, which shows it a
// while longer than the version lives.
//
// Thread-safe; recording is a few relaxed atomic additions.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "serving/metrics/histogram.h"
#include "serving/metrics/request_record.h"

namespace trainyard::serving {

struct ModelStats;

struct SignatureStats {
  SignatureStats();

  using ByCode = std::array<Counter, kStatusCodes>;
  std::array<std::array<ByCode, kApis>, kEntrypoints> requests;
  Histogram succeeded;  // microseconds
  Histogram failed;
};

class ServableStats {
 public:
  // What is not asked for one of these signatures is counted under "".
  explicit ServableStats(const std::vector<std::string>& signatures);

  void Count(const RequestRecord& record);
  void CountRun(std::chrono::nanoseconds took) {
    runs_.Add();
    run_nanoseconds_.Add(took.count());
    const int64_t before = typical_run_.load(std::memory_order_relaxed);
    const bool is_faster = before == 0 || took.count() < before;
    typical_run_.store(is_faster ? took.count() : before + (took.count() - before) / 64,
                       std::memory_order_relaxed);
  }

  // How long runs take of late when nothing is in their way: the fastest, which later ones raise
  // slowly. A mean would say how busy the machine is. Zero before the first.
  std::chrono::nanoseconds typical_run() const {
    return std::chrono::nanoseconds(typical_run_.load(std::memory_order_relaxed));
  }

  const std::map<std::string, SignatureStats, std::less<>>& signatures() const {
    return signatures_;
  }
  int64_t runs() const { return runs_.value(); }
  int64_t run_microseconds() const { return run_nanoseconds_.value() / 1000; }

  // The model's counters, set by ServerMetrics when it first hears of this version.
  std::atomic<ModelStats*> model{nullptr};

 private:
  std::map<std::string, SignatureStats, std::less<>> signatures_;  // the keys never change
  Counter runs_;
  Counter run_nanoseconds_;
  std::atomic<int64_t> typical_run_{0};  // nanoseconds
};

// Where a code's counter stands; codes out of range count as UNKNOWN.
size_t CodeIndex(StatusCode code);

}  // namespace trainyard::serving
