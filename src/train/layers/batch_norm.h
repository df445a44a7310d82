// Batch normalisation.
#pragma once

#include <string>

#include "train/initializers.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct BatchNormOptions {
  // How much of the moving statistics each training step keeps, in [0, 1]. The default suits long
  // training; after n steps they still hold momentum^n of their first values, so short runs need
  // less.
  float momentum = 0.99f;
  float epsilon = 1e-3f;  // added to the variance
  bool center = true;     // adds beta
  bool scale = true;      // multiplies by gamma; may go where a layer with weights follows directly
  // False freezes the layer: gamma and beta are not trained, the moving statistics are used in
  // training too, and stay.
  bool trainable = true;
  Initializer beta_initializer = Zeros();
  // Zeros() for the last one of a residual branch lets the block start as the identity.
  Initializer gamma_initializer = Ones();
  Initializer moving_mean_initializer = Zeros();
  Initializer moving_variance_initializer = Ones();
  std::string name = "batch_normalization";
};

// Makes every channel (last dimension) mean 0 and variance 1, then scales by gamma and adds beta. x
// is float, [batch,height,width,channels] or [batch,channels]. As
// tf.keras.layers.BatchNormalization with axis=-1 (Ioffe, Szegedy: Batch Normalization, 2015).
//
// In training the batch's own mean and variance are used, and blended into moving_mean and
// moving_variance by a model update; otherwise the moving ones are used. The variance is that of
// the batch, divided by the number of values and not by one less, as in Keras 3. (For images
// Estimator's layers collected the other.) Variables:
// <name>/{gamma,beta,moving_mean,moving_variance}, each [channels].
tf::Output BatchNorm(ModelBuilder& model, const tf::Output& x,
                     const BatchNormOptions& options = {});

}  // namespace trainyard::train
