// Measures the training step, for bench/train_digits.
#pragma once

#include <CLI/CLI.hpp>

#include "train/input.h"
#include "train/model_spec.h"
#include "train/run_config.h"

namespace digits {

struct BenchmarkOptions {
  int steps = 0;  // 0: train as usual
  int warmup = 15;
};

void AddBenchmarkFlags(CLI::App& app, BenchmarkOptions& options);

// Makes warmup + steps training steps on `input`, in this process and without hooks or files, and
// prints one line of JSON with the step's times in milliseconds.
trainyard::Status RunStepBenchmark(const trainyard::train::ModelFn& model_fn,
                                   const trainyard::train::Input& input,
                                   const trainyard::train::RunConfig& config,
                                   const BenchmarkOptions& options);

}  // namespace digits
