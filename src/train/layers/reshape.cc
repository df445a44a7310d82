#include "train/layers/reshape.h"

#include <algorithm>

#include "tf/ops.h"
#include "train/internal/layer_shapes.h"

namespace trainyard::train {
namespace {

// `shape` with the -1 replaced by what is left of `elements`; empty if they do not fit.
tf::Shape Fit(const tf::Shape& shape, int64_t elements) {
  tf::Shape fitted = shape;
  const auto open = std::find(fitted.begin(), fitted.end(), -1);
  if (open != fitted.end()) {
    *open = 1;
    const int64_t others = tf::NumElements(fitted);
    if (others <= 0) return {};
    *open = elements / others;
  }
  const bool positive = std::all_of(fitted.begin(), fitted.end(), [](auto n) { return n > 0; });
  return positive && tf::NumElements(fitted) == elements ? fitted : tf::Shape();
}

}  // namespace

tf::Output Reshape(ModelBuilder& model, const tf::Output& x, const tf::Shape& shape,
                   const std::string& name) {
  const tf::Scope scope = model.scope().Named(name);
  const tf::Shape input = internal::KnownInputShape(model, x, scope.FullName("Reshape"));
  if (input.empty()) return {};
  const int64_t elements = tf::NumElements({input.begin() + 1, input.end()});
  const tf::Shape fitted = Fit(shape, elements);
  if (fitted.empty()) {
    model.graph().Fail(InvalidArgumentError("{} cannot give \"{}\" {} the shape [batch] and {}",
                                            scope.FullName("Reshape"), tf::OutputName(x),
                                            tf::ShapeToString(input), tf::ShapeToString(shape)));
    return {};
  }
  std::vector<int32_t> sizes = {-1};
  for (const int64_t size : fitted) sizes.push_back(static_cast<int32_t>(size));
  return tf::Reshape(scope, x, sizes);
}

tf::Output Concatenate(ModelBuilder& model, const std::vector<tf::Output>& xs, int axis,
                       const std::string& name) {
  const tf::Scope scope = model.scope().Named(name);
  if (!model.graph().status().ok()) return {};
  if (xs.size() < 2) {
    model.graph().Fail(InvalidArgumentError("{} needs two inputs or more, got {}",
                                            scope.FullName("ConcatV2"), xs.size()));
    return {};
  }
  return scope.Op("ConcatV2").InList(xs).In(tf::Const(scope, static_cast<int32_t>(axis))).Out();
}

tf::Output ZeroPadding2D(ModelBuilder& model, const tf::Output& x,
                         const ZeroPadding2DOptions& options) {
  const tf::Scope scope = model.scope().Named(options.name);
  const tf::Shape input = internal::LayerInputShape(model, x, scope.FullName("Pad"),
                                                    "[batch,height,width,channels]", {4});
  if (input.empty()) return {};
  for (const auto& [side, rows] :
       {std::pair("top", options.top), std::pair("bottom", options.bottom),
        std::pair("left", options.left), std::pair("right", options.right)}) {
    if (rows >= 0) continue;
    model.graph().Fail(InvalidArgumentError("{} of {} is {}: it must be at least 0", side,
                                            scope.FullName("Pad"), rows));
    return {};
  }
  // In int32: TensorFlow's gradient of Pad fails on int64.
  std::vector<int32_t> zeros;
  for (const int64_t rows : {int64_t{0}, int64_t{0}, options.top, options.bottom, options.left,
                             options.right, int64_t{0}, int64_t{0}}) {
    zeros.push_back(static_cast<int32_t>(rows));
  }
  return scope.Op("Pad")
      .In(x)
      .In(tf::Const(scope, tf::Tensor::FromValues<int32_t>({4, 2}, zeros)))
      .Out();
}

}  // namespace trainyard::train
