// What counting one answered request costs: nanoseconds, beside prometheus-cpp with the same five
// series, looked up by labels.
//
// usage: count_rate
#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "serving/metrics/model_stats.h"
#include "serving/metrics/servable_stats.h"

namespace {

namespace serving = trainyard::serving;
using std::chrono::microseconds;

constexpr int kRequests = 300'000;  // of each thread

double NanosecondsPerRequest(int threads, const std::function<void()>& count) {
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> all;
    for (int i = 0; i < threads; ++i) {
      all.emplace_back([&] {
        for (int n = 0; n < kRequests; ++n) count();
      });
    }
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / kRequests;
}

// The series that ServerMetrics has for a request, in prometheus-cpp.
class Peer {
 public:
  Peer() {
    for (double bound = 10; ranges_.size() < 33; bound *= 1.8) ranges_.push_back(bound);
  }
  void Count() {
    requests_.Add({{"model_name", "m"}, {"status", "OK"}}).Increment();
    ours_
        .Add({{"model_name", "m"},
              {"version", "1"},
              {"signature", "serving_default"},
              {"api", "Predict"},
              {"entrypoint", "GRPC"},
              {"code", "OK"}})
        .Increment();
    took_.Add({{"model_name", "m"}, {"API", "Predict"}, {"entrypoint", "GRPC"}}, ranges_)
        .Observe(420);
    ran_.Add({{"model_name", "m"}, {"API", "Predict"}, {"runtime", "TF1"}}, ranges_).Observe(400);
    seconds_
        .Add({{"model_name", "m"},
              {"version", "1"},
              {"signature", "serving_default"},
              {"outcome", "success"}},
             ranges_)
        .Observe(420);
  }

 private:
  prometheus::Registry registry_;
  prometheus::Histogram::BucketBoundaries ranges_;
  prometheus::Family<prometheus::Counter>& requests_ =
      prometheus::BuildCounter().Name("request_count").Register(registry_);
  prometheus::Family<prometheus::Counter>& ours_ =
      prometheus::BuildCounter().Name("requests_total").Register(registry_);
  prometheus::Family<prometheus::Histogram>& took_ =
      prometheus::BuildHistogram().Name("request_latency").Register(registry_);
  prometheus::Family<prometheus::Histogram>& ran_ =
      prometheus::BuildHistogram().Name("runtime_latency").Register(registry_);
  prometheus::Family<prometheus::Histogram>& seconds_ =
      prometheus::BuildHistogram().Name("request_seconds").Register(registry_);
};

}  // namespace

int main() {
  serving::ServableStats version({"serving_default"});
  serving::ModelStats model;
  const serving::RequestRecord record{
      .model = "m", .took = microseconds(420), .running = microseconds(400)};
  Peer peer;
  for (const int threads : {1, 2}) {
    const double ours = NanosecondsPerRequest(threads, [&] {
      version.Count(record);
      model.Count(record);
    });
    const double theirs = NanosecondsPerRequest(threads, [&] { peer.Count(); });
    fmt::print("{} threads: {:.0f} ns per request, prometheus-cpp {:.0f} ns\n", threads, ours,
               theirs);
  }
  return 0;
}
