#include "train/loop/thread_choice.h"

#include "tf/graph_work.h"

namespace trainyard::train {
namespace {

constexpr int64_t kTypicalBatch = 128;

// Rough rates of one core. They need not be right: steps that are worth two threads take
// milliseconds, those that are not some tens of microseconds.
constexpr double kFlopsPerSecond = 50e9;
constexpr double kBytesPerSecond = 10e9;
// An optimizer with two moments reads three values and the gradient, and writes three.
constexpr double kPassesPerUpdate = 7;
constexpr double kSmallStepSeconds = 200e-6;

}  // namespace

StepWork EstimateStep(const ModelGraph& model) {
  StepWork work;
  work.flops = tf::CountFlops(model.graph(), kTypicalBatch);
  for (const Variable* variable : model.model().trainable_variables()) {
    work.variable_bytes += static_cast<double>(tf::NumElements(variable->shape)) *
                           static_cast<double>(tf::DataTypeSize(variable->dtype));
  }
  return work;
}

bool IsBestAlone(const StepWork& work) {
  return work.flops / kFlopsPerSecond + work.variable_bytes * kPassesPerUpdate / kBytesPerSecond <
         kSmallStepSeconds;
}

RunConfig WithThreadsFor(const ModelGraph& model, RunConfig config) {
  if (config.intra_op_threads != 0 || config.inter_op_threads != 0) return config;
  if (!IsBestAlone(EstimateStep(model))) return config;
  config.intra_op_threads = 1;
  config.inter_op_threads = tf::kCallerThread;
  return config;
}

}  // namespace trainyard::train
