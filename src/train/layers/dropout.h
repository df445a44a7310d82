// Dropout.
#pragma once

#include <string>

#include "train/model_builder.h"

namespace trainyard::train {

// In training sets each element to 0 with probability `rate` (in [0, 1)) and multiplies the others
// by 1 / (1 - rate), so that the expected sum stays; otherwise returns x itself. Reproducible if
// the model has a seed.
tf::Output Dropout(ModelBuilder& model, const tf::Output& x, float rate,
                   const std::string& name = "dropout");

}  // namespace trainyard::train
