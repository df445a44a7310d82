#include "train/layers/pooling.h"

#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

tf::Output Pool(ModelBuilder& model, const tf::Output& x, const std::string& type,
                const std::string& default_name, const PoolingOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name.empty() ? default_name : options.name);
  const Size2D& window = options.pool_size;
  const Size2D strides = options.strides.value_or(window);
  for (const auto& [option, value] :
       {std::pair("pool_size", window.height), std::pair("pool_size", window.width),
        std::pair("strides", strides.height), std::pair("strides", strides.width)}) {
    if (!internal::CheckPositive(model, scope.FullName(type), option, value)) return {};
  }
  return scope.Op(type)
      .In(x)
      .Ints("ksize", {1, window.height, window.width, 1})
      .Ints("strides", {1, strides.height, strides.width, 1})
      .String("padding", PaddingName(options.padding))
      .Out();
}

}  // namespace

tf::Output MaxPooling2D(ModelBuilder& model, const tf::Output& x, const PoolingOptions& options) {
  return Pool(model, x, "MaxPool", "max_pooling2d", options);
}

tf::Output AveragePooling2D(ModelBuilder& model, const tf::Output& x,
                            const PoolingOptions& options) {
  return Pool(model, x, "AvgPool", "average_pooling2d", options);
}

}  // namespace trainyard::train
