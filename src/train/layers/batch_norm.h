// Batch normalisation.
#pragma once

#include <string>

#include "train/model_builder.h"

namespace trainyard::train {

struct BatchNormOptions {
  // How much of the moving statistics each training step keeps. The default suits long training;
  // after n steps they still hold momentum^n of their first values, so short runs need less.
  float momentum = 0.99f;
  float epsilon = 1e-3f;  // added to the variance
  std::string name = "batch_normalization";
};

// Makes every channel (last dimension) mean 0 and variance 1, then scales by gamma and adds beta. x
// is [batch,height,width,channels] or [batch,channels].
//
// In training the batch's own mean and variance are used, and blended into moving_mean and
// moving_variance by a model update; otherwise the moving ones are used. Variables:
// <name>/{gamma,beta,moving_mean,moving_variance}, each [channels].
tf::Output BatchNorm(ModelBuilder& model, const tf::Output& x,
                     const BatchNormOptions& options = {});

}  // namespace trainyard::train
