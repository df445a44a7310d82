// Times a network's training step in this process, without hooks or files.
#pragma once

#include <chrono>
#include <vector>

#include "base/status.h"
#include "train/input.h"
#include "train/model_spec.h"

namespace trainyard::bench {

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start);
// The value that p per cent of the (unsorted) values lie below.
double Percentile(std::vector<double> values, int p);

struct StepOptions {
  bool bfloat16 = false;
  int steps = 80;
  int warmup = 15;  // steps that are not counted
};

// Prints one line of JSON: the times of a step, getting its batch included, in milliseconds, and
// when the first step ended after the process was started.
Status PrintStepTimes(const train::ModelFn& model_fn, const train::InputPtr& input,
                      const StepOptions& options);

}  // namespace trainyard::bench
