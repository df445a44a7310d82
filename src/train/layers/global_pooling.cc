#include "train/layers/global_pooling.h"

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

tf::Output Pool(ModelBuilder& model, const tf::Output& x, const std::string& type,
                const std::string& default_name, const GlobalPoolingOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name.empty() ? default_name : options.name);
  const tf::Shape input = internal::LayerInputShape(model, x, scope.FullName(type),
                                                    "[batch,height,width,channels]", {4});
  if (input.empty()) return {};
  return scope.Op(type)
      .In(x)
      .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({1, 2})))
      .Bool("keep_dims", options.keepdims)
      .Out();
}

}  // namespace

tf::Output GlobalAveragePooling2D(ModelBuilder& model, const tf::Output& x,
                                  const GlobalPoolingOptions& options) {
  return Pool(model, x, "Mean", "global_average_pooling2d", options);
}

tf::Output GlobalMaxPooling2D(ModelBuilder& model, const tf::Output& x,
                              const GlobalPoolingOptions& options) {
  return Pool(model, x, "Max", "global_max_pooling2d", options);
}

}  // namespace trainyard::train
