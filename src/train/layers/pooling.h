// Pooling: the largest or the average value within a moving window.
#pragma once

#include <optional>
#include <string>

#include "train/layers/window.h"
#include "train/model_builder.h"

namespace trainyard::train {

struct PoolingOptions {
  Size2D pool_size = 2;
  std::optional<Size2D> strides;  // none: the pool size, so that windows do not overlap
  Padding padding = Padding::kValid;
  std::string name;  // empty: "max_pooling2d" or "average_pooling2d"
};

// x [batch,height,width,channels], channel by channel.
tf::Output MaxPooling2D(ModelBuilder& model, const tf::Output& x,
                        const PoolingOptions& options = {});
tf::Output AveragePooling2D(ModelBuilder& model, const tf::Output& x,
                            const PoolingOptions& options = {});

}  // namespace trainyard::train
