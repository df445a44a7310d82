// Exponential moving averages of the trainable variables.
#pragma once

#include <vector>

#include "train/optimizer.h"

namespace trainyard::train::internal {

// Adds the averages and moves them after all of `applied`; returns the operations that do so.
std::vector<tf::Operation> MoveAverages(ModelBuilder& model, const MinimizeOptions& options,
                                        const std::vector<tf::Operation>& applied);

}  // namespace trainyard::train::internal
