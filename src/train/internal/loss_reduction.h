// From a loss of each value to the loss of a batch.
#pragma once

#include <string>

#include "train/losses.h"

namespace trainyard::train::internal {

// "huber_1" of a scope that names begin with "huber_1/": what messages call a loss.
std::string NameOf(const tf::Scope& scope);

// The mean of each example's values: [batch,...] -> [batch]. The rank must be known.
tf::Output MeanPerExample(const tf::Scope& scope, const tf::Output& values);

// Combines the examples' losses [batch].
tf::Output Reduce(const tf::Scope& scope, const tf::Output& losses, const tf::Output& weights,
                  Reduction reduction);

// Fails the graph and returns false if the two shapes, as far as they are known, differ: they would
// be broadcast, and [n] against [n,1] silently compares every label with every prediction.
bool CheckSameShape(const tf::Scope& scope, const char* what, const tf::Output& labels,
                    const tf::Output& predictions);

}  // namespace trainyard::train::internal
