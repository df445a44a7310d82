// Sums of gradients over several runs of a graph.
#pragma once

#include <vector>

#include "train/gradient.h"

namespace trainyard::train::internal {

// Gradients that exist in every n-th run alone. In the runs between, they and all operations that
// depend on them are "dead", TensorFlow's word for the branch that is not taken: they do not
// happen. What has to happen in every run must therefore pass through Rejoin().
class AccumulatedGradients {
 public:
  // Adds operations that sum `gradients` in each run, on the compute device, in accumulators that
  // need no initialisation and belong to this replica alone.
  AccumulatedGradients(ModelBuilder& model, const std::vector<Gradient>& gradients, int64_t steps);

  // The means of the last `steps` gradients, dense. Dead in other runs.
  const std::vector<Gradient>& means() const { return means_; }

  // An operation that comes after `last`, where that happens, and happens in every run.
  tf::Operation Rejoin(tf::Operation last) const;

 private:
  tf::Scope scope_;
  tf::Operation switch_ = nullptr;
  std::vector<Gradient> means_;
};

}  // namespace trainyard::train::internal
