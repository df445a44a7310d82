// Values by name: what a model is fed, and single examples on the way there.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tf/tensor.h"

namespace trainyard::train {

// One batch: features by name, and labels (empty where there are none). Dimension 0 is the batch.
// Data pipelines (inputs/pipeline.h) carry single examples in it as well, which lack dimension 0.
struct Batch {
  std::map<std::string, tf::Tensor> features;
  tf::Tensor labels;
};

// Type and shape of one feature, with -1 for the batch dimension.
struct FeatureSpec {
  tf::DataType dtype = tf::DataType::kFloat;
  tf::Shape shape;
};
struct InputSpec {
  std::map<std::string, FeatureSpec> features;
  std::optional<FeatureSpec> labels;
};

}  // namespace trainyard::train
