// Which versions are batched, and how: --enable_batching and its files.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "serving/batching/session_batcher.h"

namespace trainyard::serving {

struct BatchingConfig {
  BatchingOptions options{};
  // A version's own batching_params.pbtxt, beside its saved_model.pb, is used in place of the
  // options, with threads of its own.
  bool per_model = false;
};

// Owned by the server; outlives every version. Thread-safe.
class Batching {
 public:
  explicit Batching(BatchingConfig config, BatchingMetrics* metrics)
      : config_(std::move(config)), metrics_(metrics), scheduler_(config_.options, metrics) {}

  // For a version that has been loaded from `directory` into `session`. InvalidArgument if its own
  // parameters are not right.
  Result<std::unique_ptr<SessionBatcher>> MakeBatcher(tf::Session* session,
                                                      const std::string& directory);

 private:
  const BatchingConfig config_;
  BatchingMetrics* const metrics_;
  BatchScheduler scheduler_;
};

}  // namespace trainyard::serving
