#include "train/internal/layer_shapes.h"

#include <algorithm>

#include "tf/ops.h"

namespace trainyard::train::internal {

tf::Shape LayerInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer,
                          std::string_view wanted, std::initializer_list<size_t> ranks) {
  tf::Graph& graph = model.graph();
  if (!graph.status().ok()) return {};
  if (!x) {
    graph.Fail(InvalidArgumentError("{} needs an input {}, got none", layer, wanted));
    return {};
  }
  const Result<tf::Shape> shape = graph.OutputShape(x);
  if (!shape.ok()) {
    graph.Fail(shape.error().WithContext(fmt::format("{} needs an input {}", layer, wanted)));
    return {};
  }
  const bool fits =
      std::find(ranks.begin(), ranks.end(), shape->size()) != ranks.end() && shape->back() > 0;
  if (fits) return *shape;
  graph.Fail(InvalidArgumentError("{} needs an input {}, but \"{}\" is {}", layer, wanted,
                                  tf::OutputName(x), tf::ShapeToString(*shape)));
  return {};
}

tf::Shape KnownInputShape(ModelBuilder& model, const tf::Output& x, std::string_view layer) {
  tf::Graph& graph = model.graph();
  if (!graph.status().ok()) return {};
  const Result<tf::Shape> shape = x ? graph.OutputShape(x) : tf::Shape();
  const bool known = shape.ok() && !shape->empty() &&
                     std::all_of(shape->begin() + 1, shape->end(), [](auto n) { return n > 0; });
  if (known) return *shape;
  graph.Fail(InvalidArgumentError(
      "{} needs an input whose sizes after the first are known, but \"{}\" is {}", layer,
      tf::OutputName(x), shape.ok() ? tf::ShapeToString(*shape) : "of unknown rank"));
  return {};
}

bool CheckPositive(ModelBuilder& model, std::string_view layer, std::string_view option,
                   int64_t value) {
  if (value > 0) return true;
  model.graph().Fail(
      InvalidArgumentError("{} of {} is {}: it must be at least 1", option, layer, value));
  return false;
}

bool CheckEpsilon(ModelBuilder& model, std::string_view layer, float epsilon) {
  if (epsilon > 0) return true;
  model.graph().Fail(
      InvalidArgumentError("epsilon of {} is {}: it must be above 0", layer, epsilon));
  return false;
}

tf::Output SizeAt(const tf::Scope& scope, const tf::Output& shape, int32_t index) {
  return scope.Op("StridedSlice")
      .In(shape)
      .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({index})))
      .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({index + 1})))
      .In(tf::Const(scope, tf::Tensor::FromVector<int32_t>({1})))
      .Int("shrink_axis_mask", 1)
      .Out();
}

}  // namespace trainyard::train::internal
