// Ready-made evaluation metrics.
#pragma once

#include "train/metric.h"
#include "train/model_builder.h"

namespace trainyard::train {

// The fraction of examples whose predicted class equals the label. Both are integers [batch].
Metric Accuracy(ModelBuilder& model, const tf::Output& labels, const tf::Output& predictions);

// The mean of all elements of all batches.
Metric Mean(ModelBuilder& model, const tf::Output& values);

}  // namespace trainyard::train
