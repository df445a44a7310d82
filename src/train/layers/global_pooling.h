// Pooling over the whole image: one value per channel.
#pragma once

#include <string>

#include "train/model_builder.h"

namespace trainyard::train {

struct GlobalPoolingOptions {
  bool keepdims = false;  // true: [batch,1,1,channels]
  std::string name;       // empty: "global_average_pooling2d" or "global_max_pooling2d"
};

// x [batch,height,width,channels] -> [batch,channels], float. As
// tf.keras.layers.GlobalAveragePooling2D and GlobalMaxPooling2D; where several pixels are the
// largest, they share the gradient.
tf::Output GlobalAveragePooling2D(ModelBuilder& model, const tf::Output& x,
                                  const GlobalPoolingOptions& options = {});
tf::Output GlobalMaxPooling2D(ModelBuilder& model, const tf::Output& x,
                              const GlobalPoolingOptions& options = {});

}  // namespace trainyard::train
