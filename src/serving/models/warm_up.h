// Running a model's recorded requests before it gets real ones: the first runs of a graph allocate,
// compile and fill caches, and no client should wait for that.
//
// Thread-safe: no state. Files are untrusted. Source: warm-up of TensorFlow Serving
// (assets.extra/tf_serving_warmup_requests, a TFRecord file of PredictionLog); error texts are its.
#pragma once

#include <string>

#include "base/status.h"
#include "serving/metrics/load_metrics.h"
#include "serving/servable.h"

namespace trainyard::serving {

struct WarmUpOptions {
  int iterations = 1;              // how often each request is run
  LoadMetrics* metrics = nullptr;  // borrowed; told how it went, if there was something to run
};

// Runs the requests recorded for the version in `directory`, in their order; OK if there are none.
// Fails with the first request's failure; InvalidArgument for more than 1000 records or one that is
// no PredictionLog, DataLoss for a file that is no TFRecord file, Unimplemented for records of
// SessionRun and of streams.
Status WarmUp(const Servable& servable, const std::string& directory, const WarmUpOptions& options);

// Makes TensorFlow prepare the graph for each signature (up to 16), which else the first request
// waits for. Runs nothing of the model: the runs it asks for are refused because of their inputs'
// types, after the preparation.
void PrepareSignatures(const Servable& servable);

}  // namespace trainyard::serving
