// Evaluation metrics that add up over batches.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tf/graph.h"

namespace trainyard::train {

// A streaming metric: each batch yields `parts` (float or integer tensors of a fixed shape), which
// are summed over batches in double precision; `result` turns the sums, one vector per part, into
// the metric's value. Accuracy has the parts {correct, count} and the result correct / count.
//
// A metric of one's own:
//
//   Metric mean_of_x{.parts = {sum_of_x, number_of_x},
//                    .result = [](auto sums) { return sums[0][0] / sums[1][0]; }};
struct Metric {
  std::vector<tf::Output> parts;
  std::function<double(std::span<const std::vector<double>> sums)> result;
};

}  // namespace trainyard::train
