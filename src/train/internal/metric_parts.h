// What the metrics have in common.
#pragma once

#include "train/metric.h"
#include "train/model_builder.h"

namespace trainyard::train::internal {

// One weight, as float, per element of `values`: `weights` [batch] spread over each example's
// values, or ones if there are none.
tf::Output WeightsOf(const tf::Scope& scope, const tf::Output& values, const tf::Output& weights);

// The weighted mean of `values` (any number type, or bool).
Metric WeightedMean(const tf::Scope& scope, const tf::Output& values, const tf::Output& weights);

// part / whole; 0 if the whole is 0.
double Share(double part, double whole);

// Which labels or numbers are not 0, as float 0 or 1.
tf::Output IsOne(const tf::Scope& scope, const tf::Output& labels);

// How often what was found was there, and not: sums of weights.
struct Outcomes {
  tf::Output true_positives;
  tf::Output false_positives;
  tf::Output false_negatives;
};
Outcomes CountOutcomes(const tf::Scope& scope, const tf::Output& labels,
                       const tf::Output& probabilities, double threshold,
                       const tf::Output& weights);

}  // namespace trainyard::train::internal
