// How many threads a training step is worth: a small one is over before a second thread has woken.
#pragma once

#include "train/model_graph.h"
#include "train/run_config.h"

namespace trainyard::train {

// What a step is estimated to cost.
struct StepWork {
  double flops = 0;           // of matrix products and convolutions
  double variable_bytes = 0;  // of the variables that are trained
};

// The estimate for a training graph, with a batch of 128 where its size is not known: threads are
// chosen before there is a batch.
StepWork EstimateStep(const ModelGraph& model);

// Pure: whether one thread is faster. Measured on embeddings and two dense layers (2 MFLOP): 0.09
// ms per step in one thread, 0.21 with TensorFlow's defaults on two cores, whose threads are woken
// for operations of microseconds.
bool IsBestAlone(const StepWork& work);

// The configuration with one thread for a small step, which the caller then computes in, where it
// leaves the number to us (0).
RunConfig WithThreadsFor(const ModelGraph& model, RunConfig config);

}  // namespace trainyard::train
